import { z } from "zod";
import { ConfigurationError } from "./errors.ts";
import { parseMarkup } from "./money.ts";

const optionalText = z
  .string()
  .trim()
  .transform((text) => (text === "" ? undefined : text))
  .optional();

const dialects = ["litellm", "openai"] as const;
export type DialectName = (typeof dialects)[number];

const variables = z.object({
  AUTH_MODE: z.enum(["dev", "access"]).optional(),
  ADMIN_TOKEN: optionalText,
  API_KEY_PEPPER: optionalText,
  ACCESS_TEAM_DOMAIN: optionalText,
  ACCESS_AUDIENCE: optionalText,
  ALLOWED_ORIGINS: optionalText,
  GATEWAY_DIALECT: z.enum(dialects).optional(),
  GATEWAY_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  GATEWAY_API_KEY: optionalText,
  MODEL_CATALOG: optionalText,
  PRICE_MARKUP: z
    .string()
    .default("1")
    .transform((text, context) => {
      const points = parseMarkup(text);
      if (points !== null) return points;
      context.addIssue("must be a decimal such as 1.25, at most four digits after the point");
      return z.NEVER;
    }),
  RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
  DEMO_PACE_MS: z.coerce.number().int().min(0).max(1_000).default(24),
});

export interface Config {
  /** null: nobody is let in. */
  authMode: "dev" | "access" | null;
  adminToken: string | null;
  apiKeyPepper: string | null;
  access: { teamDomain: string; audience: string } | null;
  /** Exact origins allowed besides the request's own. */
  allowedOrigins: readonly string[];
  gateway: { dialect: DialectName; baseUrl: string; apiKey: string | null } | null;
  /** JSON text; parsed by the model catalog. */
  modelCatalog: string | null;
  markupBasisPoints: number;
  /** How long the events of a finished run are kept, in days. */
  retentionDays: number;
  /** Pause between words of the demo model, milliseconds. */
  demoPaceMs: number;
}

/** Parses the variables once, at the door. Throws with the variable's name, never with its value. */
export function parseConfig(env: Readonly<Record<string, unknown>>): Config {
  const parsed = variables.safeParse(pickStrings(env));
  if (!parsed.success) {
    const names = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new ConfigurationError(`Configuration is wrong. ${names.join("; ")}`);
  }
  const v = parsed.data;
  const hasAccess = v.ACCESS_TEAM_DOMAIN !== undefined && v.ACCESS_AUDIENCE !== undefined;
  if (v.AUTH_MODE === "access" && !hasAccess)
    throw new ConfigurationError("AUTH_MODE=access needs ACCESS_TEAM_DOMAIN and ACCESS_AUDIENCE");
  return {
    authMode: v.AUTH_MODE ?? null,
    adminToken: v.ADMIN_TOKEN ?? null,
    apiKeyPepper: v.API_KEY_PEPPER ?? null,
    access: hasAccess
      ? { teamDomain: v.ACCESS_TEAM_DOMAIN ?? "", audience: v.ACCESS_AUDIENCE ?? "" }
      : null,
    allowedOrigins: (v.ALLOWED_ORIGINS ?? "").split(/[\s,]+/).filter((origin) => origin !== ""),
    gateway:
      v.GATEWAY_BASE_URL === undefined
        ? null
        : {
            dialect: v.GATEWAY_DIALECT ?? "openai",
            baseUrl: v.GATEWAY_BASE_URL.replace(/\/+$/, ""),
            apiKey: v.GATEWAY_API_KEY ?? null,
          },
    modelCatalog: v.MODEL_CATALOG ?? null,
    markupBasisPoints: v.PRICE_MARKUP,
    retentionDays: v.RETENTION_DAYS,
    demoPaceMs: v.DEMO_PACE_MS,
  };
}

/** An empty variable counts as absent: `.dev.vars` templates leave them empty. */
function pickStrings(env: Readonly<Record<string, unknown>>): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of Object.keys(variables.shape)) {
    const value = env[name];
    if (typeof value === "string" && value !== "") picked[name] = value;
  }
  return picked;
}

import { z } from "zod";
import type { JsonObject, JsonValue } from "../ports/json.ts";
import type { ToolContext, ToolOutcome, ToolSpec } from "../ports/tools.ts";

/** What a tool says of one call; `message` is meant for the model and holds nothing secret. */
export type ToolResult<Output> = { ok: true; value: Output } | { ok: false; message: string };

interface ToolDefinition<Input extends z.ZodType, Output extends z.ZodType> {
  /** Namespaced, and valid as a function name for every provider: `core__calculator`. */
  id: string;
  description: string;
  input: Input;
  output: Output;
  /** The longest that one call may take. */
  timeoutMs: number;
  /** May throw; whatever it throws is hidden from the model. */
  run(
    args: z.output<Input>,
    context: ToolContext,
  ): ToolResult<z.input<Output>> | Promise<ToolResult<z.input<Output>>>;
}

/** A tool with its types closed over: takes unchecked arguments and checks both ends. */
export interface Tool {
  readonly spec: ToolSpec;
  readonly timeoutMs: number;
  /** Rejects only where the tool's own code throws. */
  call(args: JsonValue, context: ToolContext): Promise<ToolOutcome>;
}

const issuesShownMax = 5;

export function defineTool<Input extends z.ZodType, Output extends z.ZodType>(
  definition: ToolDefinition<Input, Output>,
): Tool {
  const { id, description, input, output, timeoutMs } = definition;
  return {
    spec: { id, description, parameters: parametersOf(input) },
    timeoutMs,
    async call(args, context): Promise<ToolOutcome> {
      const parsed = input.safeParse(args);
      if (!parsed.success) {
        return { ok: false, code: "invalid_input", message: describe(parsed.error) };
      }
      const result = await definition.run(parsed.data, context);
      if (!result.ok) return { ok: false, code: "failed", message: result.message };
      const checked = output.safeParse(result.value);
      if (!checked.success) {
        return { ok: false, code: "invalid_output", message: "The tool gave an unusable result." };
      }
      return { ok: true, result: checked.data as JsonValue };
    },
  };
}

function parametersOf(schema: z.ZodType): JsonObject {
  const { $schema: _, ...parameters } = z.toJSONSchema(schema, { io: "input" });
  return JSON.parse(JSON.stringify(parameters)) as JsonObject;
}

function describe(error: z.ZodError): string {
  const issues = error.issues.slice(0, issuesShownMax).map(({ path, message }) => {
    return path.length === 0 ? message : `${path.join(".")}: ${message}`;
  });
  return `The arguments do not fit. ${issues.join("; ")}`.slice(0, 500);
}

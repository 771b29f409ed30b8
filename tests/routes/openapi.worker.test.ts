import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { openDoor } from "./door.ts";
import { mountedRoutes } from "./route-table.ts";

interface Operation {
  summary?: string;
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
}

interface JsonSchema {
  $ref?: string;
  additionalProperties?: unknown;
  required?: string[];
  properties?: Record<string, unknown>;
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, JsonSchema>;
    securitySchemes: Record<string, unknown>;
  };
}

const door = openDoor(env.DB);
let document: Document;
let operations: [string, string, Operation][];

beforeAll(async () => {
  document = await (await door.send("/api/v1/openapi.json")).json<Document>();
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
      method,
      path,
      operation,
    ]),
  );
});

describe("the OpenAPI document", () => {
  test("is version 3.1 and has its parts", () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info).toMatchObject({ title: "Runledger", version: "0.0.0-test" });
    expect(Object.keys(document.components.securitySchemes).toSorted()).toEqual([
      "adminToken",
      "bearerKey",
      "cloudflareAccess",
    ]);
  });

  test("lists exactly the routes that are mounted", () => {
    const mounted = mountedRoutes(door).map(
      ({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, "{$1}")}`,
    );
    const listed = operations.map(([method, path]) => `${method} ${path}`);
    expect(listed.toSorted()).toEqual(mounted.toSorted());
  });

  test("says of every route what it is for, who may use it and how it refuses", () => {
    for (const [method, path, operation] of operations) {
      const name = `${method} ${path}`;
      expect([name, typeof operation.summary]).toEqual([name, "string"]);
      if (path === "/api/v1/health") {
        expect(operation.security).toEqual([]);
        continue;
      }
      const schemes = operation.security?.flatMap(Object.keys);
      const expected = path.startsWith("/api/v1/admin/")
        ? ["adminToken"]
        : ["bearerKey", "cloudflareAccess"];
      expect([name, schemes]).toEqual([name, expected]);
      expect(operation.responses["default"]?.content).toEqual({
        "application/json": { schema: { $ref: "#/components/schemas/Error" } },
      });
    }
  });

  test("declares every parameter of every path", () => {
    for (const [method, path, operation] of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect([method, path, declared.map(({ name }) => name)]).toEqual([method, path, inPath]);
      expect(declared.every(({ required }) => required === true)).toBe(true);
    }
  });

  test("has no reference that leads nowhere", () => {
    const references = JSON.stringify(document).matchAll(
      /"\$ref":"#\/components\/schemas\/(\w+)"/g,
    );
    for (const [, name = ""] of references)
      expect(document.components.schemas).toHaveProperty(name);
  });

  test("is made of the schemas that validate: strict bodies, and optional fields as optional", () => {
    const run = document.components.schemas["RunRequest"];
    expect(run?.additionalProperties).toBe(false);
    expect(run?.required).toEqual(["graphId"]);
    expect(Object.keys(run?.properties ?? {}).toSorted()).toEqual([
      "configurable",
      "graphId",
      "limits",
      "message",
      "messages",
      "model",
      "threadId",
      "toolIds",
    ]);
    expect(run?.properties?.["limits"]).not.toHaveProperty("required");
  });

  test("says that an answer may be any JSON and must be there", () => {
    const answer = document.components.schemas["RunAnswer"];
    expect(answer).toMatchObject({ additionalProperties: false, required: ["value"] });
    expect(answer?.properties?.["value"]).toMatchObject({
      type: ["object", "array", "string", "number", "boolean", "null"],
    });
  });
});

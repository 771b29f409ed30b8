import type { ESTree } from "vite";
import { describe, expect, it } from "vitest";
import { at, type Finding, readSources, type Source, visit } from "./source.ts";

/** Files that have to do with units or runs, whose `final` settles only when their `stream` is drained. */
const subject =
  /\b(CompletionUnit|CompletionFn|completionFn|executeCompletionUnit|GraphRun|runGraph)\b/;

interface Scope {
  /** Text of the object -> where its `stream` was first read. */
  streams: Map<string, number>;
  finals: { object: string; node: ESTree.Node }[];
  /** Units returned whole: their drain is the caller's. */
  handedOn: Set<string>;
}

/**
 * Awaiting `final` without draining `stream` waits for ever, and the usage report in it is never seen. So in one function,
 * `x.final` must come after `x.stream`, unless `x` itself is returned; taking `final` alone out of a unit, or off a call's
 * result, is refused.
 */
function undrainedUnits(source: Source): Finding[] {
  if (!subject.test(source.text)) return [];
  const found: Finding[] = [];
  const scopes: Scope[] = [];
  const enter = () => void scopes.push({ streams: new Map(), finals: [], handedOn: new Set() });
  const leave = () => {
    const scope = scopes.pop();
    for (const { object, node } of scope?.finals ?? []) {
      if (scope?.handedOn.has(object)) continue;
      const drainedAt = scope?.streams.get(object);
      if (drainedAt === undefined || drainedAt > node.start)
        found.push(at(source, node, `${object}.final is read before ${object}.stream`));
    }
  };
  enter();
  visit(source, {
    FunctionDeclaration: enter,
    "FunctionDeclaration:exit": leave,
    FunctionExpression: enter,
    "FunctionExpression:exit": leave,
    ArrowFunctionExpression: enter,
    "ArrowFunctionExpression:exit": leave,
    "Program:exit": leave,
    MemberExpression(node) {
      if (node.computed || node.property.type !== "Identifier") return;
      const scope = scopes.at(-1);
      const object = source.text.slice(node.object.start, node.object.end);
      const { name } = node.property;
      if (name === "stream" && scope?.streams.has(object) === false)
        scope.streams.set(object, node.start);
      if (name === "final") scope?.finals.push({ object, node });
    },
    ReturnStatement(node) {
      if (node.argument?.type === "Identifier") scopes.at(-1)?.handedOn.add(node.argument.name);
    },
    VariableDeclarator(node) {
      if (node.id.type !== "ObjectPattern") return;
      const names = node.id.properties.map((property) =>
        property.type === "Property" && property.key.type === "Identifier" ? property.key.name : "",
      );
      if (names.includes("final") && !names.includes("stream"))
        found.push(at(source, node, "takes final without stream"));
    },
  });
  return found;
}

describe("STREAM_DRAIN_ENFORCEMENT", () => {
  it("every reader of a unit's or a run's final drains its stream first", () => {
    expect(readSources(["src", "graphs"]).flatMap(undrainedUnits)).toEqual([]);
  });

  it.each([
    "async function f(fn: CompletionFn) { return (await fn(r).final).ok; }",
    "async function f(fn: CompletionFn) { const unit = fn(r); return await unit.final; }",
    "async function f(fn: CompletionFn) { const { final } = fn(r); return await final; }",
    "async function f(e: P) { const run = e.runGraph(r); await run.final; for await (const x of run.stream) u(x); }",
    "async function f(a: CompletionUnit, b: CompletionUnit) { for await (const x of a.stream) u(x); return b.final; }",
  ])("refuses: %s", (text) => {
    expect(undrainedUnits({ path: "graphs/runtime/x.ts", text })).toHaveLength(1);
  });

  it.each([
    "async function f(unit: CompletionUnit) { for await (const x of unit.stream) u(x); return await unit.final; }",
    "async function f(fn: CompletionFn) { const { stream, final } = fn(r); await drain(stream); return final; }",
    "async function f(unit: CompletionUnit) { const [, end] = await Promise.all([drain(unit.stream), unit.final]); }",
    "const f = (fn: CompletionFn): CompletionFn => (call) => { const unit = fn(call); open.add(unit.final); return unit; };",
  ])("lets through: %s", (text) => {
    expect(undrainedUnits({ path: "graphs/runtime/x.ts", text })).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../src/base/errors.ts";
import { describeBug } from "../../src/base/log.ts";

describe("what is logged of an unexpected error", () => {
  it("is its class and where it was thrown", () => {
    const { bug, at } = describeBug(new TypeError("sk-secret"));
    expect(bug).toBe("TypeError");
    expect(at).toContain("log.test.ts");
    expect(at).not.toContain("sk-secret");
  });

  it.each([
    "first line\n    at home I write to sk-secret",
    "first line\n    at (sk-secret:1:2)",
    "first line\n    at sk-secret:1:2",
  ])("is no line of its message, whatever that looks like", (message) => {
    expect(JSON.stringify(describeBug(new Error(message)))).not.toContain("sk-secret");
  });

  it("is no line of a message that was changed afterwards", () => {
    const error = new Error("first\n    at home with sk-secret");
    error.message = "The graph failed.";
    expect(JSON.stringify(describeBug(error))).not.toContain("sk-secret");
  });

  it("is the type alone of what is no error", () => {
    expect(describeBug("sk-secret")).toEqual({ bug: "string", at: "" });
  });

  it("is the whole message of a wrong configuration, which quotes nobody", () => {
    const error = new ConfigurationError("GATEWAY_BASE_URL is not a URL");
    expect(describeBug(error).bug).toContain("GATEWAY_BASE_URL is not a URL");
  });
});

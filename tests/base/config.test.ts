import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/base/config.ts";

describe("parseConfig", () => {
  it("with nothing set lets nobody in and has no gateway", () => {
    expect(parseConfig({})).toMatchObject({
      ...{ authMode: null, adminToken: null, gateway: null, modelCatalog: null, access: null },
      ...{ markupBasisPoints: 10_000, allowedOrigins: [] },
    });
  });

  it("takes empty variables for absent ones and ignores bindings", () => {
    const config = parseConfig({ AUTH_MODE: "", ADMIN_TOKEN: " ", PRICE_MARKUP: "", DB: {} });
    expect(config).toMatchObject({ authMode: null, adminToken: null, markupBasisPoints: 10_000 });
  });

  it("reads a gateway, without its trailing slashes, as OpenAI-compatible unless it says otherwise", () => {
    expect(parseConfig({ GATEWAY_BASE_URL: "http://gw/v1//" }).gateway).toEqual({
      ...{ dialect: "openai", baseUrl: "http://gw/v1", apiKey: null },
    });
    const litellm = {
      GATEWAY_BASE_URL: "https://gw/v1",
      GATEWAY_DIALECT: "litellm",
      GATEWAY_API_KEY: "k",
    };
    expect(parseConfig(litellm).gateway).toMatchObject({ dialect: "litellm", apiKey: "k" });
  });

  it("reads the markup exactly", () => {
    expect(parseConfig({ PRICE_MARKUP: "1.15" }).markupBasisPoints).toBe(11_500);
  });

  it("splits allowed origins at commas and spaces", () => {
    const { allowedOrigins } = parseConfig({
      ALLOWED_ORIGINS: "https://a.example, https://b.example",
    });
    expect(allowedOrigins).toEqual(["https://a.example", "https://b.example"]);
  });

  it.each([
    ["AUTH_MODE", "open"],
    ["GATEWAY_DIALECT", "sekret"],
    ["GATEWAY_BASE_URL", "ftp://sekret"],
    ["PRICE_MARKUP", "sekret"],
    ["PRICE_MARKUP", "-1"],
    ["DEMO_PACE_MS", "sekret"],
  ])("refuses a wrong %s by its name and without its value", (name, value) => {
    const parse = () => parseConfig({ [name]: value });
    expect(parse).toThrow(name);
    expect(parse).not.toThrow(/sekret/);
  });

  it("refuses Cloudflare Access without team and audience", () => {
    expect(() => parseConfig({ AUTH_MODE: "access" })).toThrow(/ACCESS_TEAM_DOMAIN/);
    const access = { AUTH_MODE: "access", ACCESS_TEAM_DOMAIN: "t", ACCESS_AUDIENCE: "a" };
    expect(parseConfig(access).access).toEqual({ teamDomain: "t", audience: "a" });
  });
});

import { describe, expect, it } from "vitest";
import { type Finding, readSource } from "./source.ts";

interface Lockfile {
  packages: Record<string, { optionalDependencies?: Record<string, string> }>;
}

/**
 * `npm ci` refuses a lockfile that leaves out a package for another platform, and npm leaves one out when the registry at
 * hand does not carry it. Such an entry may be written by hand: version, os, cpu, libc, optional.
 */
function missingPlatforms({ packages }: Lockfile): Finding[] {
  return Object.entries(packages).flatMap(([owner, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !packages[`node_modules/${name}`])
      .filter((name) => !packages[`${owner}/node_modules/${name}`])
      .map((name) => `${owner} needs ${name}`),
  );
}

describe("the lockfile", () => {
  it("can be installed on every platform", () => {
    expect(missingPlatforms(JSON.parse(readSource("package-lock.json").text) as Lockfile)).toEqual(
      [],
    );
  });

  it("is refused when a platform's package is left out", () => {
    const packages = {
      "node_modules/tool": { optionalDependencies: { "tool-linux": "1.0.0", "tool-mac": "1.0.0" } },
      "node_modules/tool-linux": {},
    };
    expect(missingPlatforms({ packages })).toEqual(["node_modules/tool needs tool-mac"]);
  });
});

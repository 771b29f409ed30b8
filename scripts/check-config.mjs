import { parseConfig } from "../src/base/config.ts";
import { ConfigurationError } from "../src/base/errors.ts";
import { createModelCatalog } from "../src/completion/models.ts";

/** Ends with exit code 1, and says why, when the Worker could not work with these variables. */
try {
  const { modelCatalog, gateway } = parseConfig(process.env);
  createModelCatalog(modelCatalog, gateway !== null);
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

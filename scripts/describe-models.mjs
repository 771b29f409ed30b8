/** Where the models come from, for the start banner. Without the credentials that a URL may hold. */
export function describeModels(worker) {
  const { GATEWAY_BASE_URL: baseUrl, GATEWAY_DIALECT: dialect = "openai", MODEL_CATALOG } = worker;
  if (baseUrl === undefined) return "the built-in demo model; GATEWAY_BASE_URL adds real ones";
  const url = new URL(baseUrl);
  url.username = "";
  url.password = "";
  url.search = "";
  const count = countModels(MODEL_CATALOG);
  const models =
    count === 0
      ? "no model configured: MODEL_CATALOG names them"
      : `${count} ${count === 1 ? "model" : "models"} configured`;
  return `the gateway at ${url.href} (dialect ${dialect}), ${models}`;
}

/** The Worker refuses a catalog that is no list and says so; here it counts as none. */
function countModels(catalog) {
  if (catalog === undefined) return 0;
  try {
    const list = JSON.parse(catalog);
    return Array.isArray(list) ? list.length : 0;
  } catch {
    return 0;
  }
}

// Parses AsyncAPI documents with the official parser and prints its diagnostics as JSON, by file.
// usage: NODE_PATH=<folder>/node_modules node check.cjs asyncapi.yaml ...
const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

async function diagnosticsOf(file) {
  const { diagnostics } = await new Parser().parse(readFileSync(file, "utf8"), { source: file });
  return diagnostics.map(({ severity, code, message, path }) => ({ severity, code, message, path: path.join("/") }));
}

async function main() {
  const told = {};
  for (const file of process.argv.slice(2)) told[file] = await diagnosticsOf(file);
  console.log(JSON.stringify(told));
}

main();

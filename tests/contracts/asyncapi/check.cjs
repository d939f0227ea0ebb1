// Parses an AsyncAPI document with the official parser and prints its diagnostics as JSON.
// usage: NODE_PATH=<folder>/node_modules node check.cjs asyncapi.yaml
const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

const file = process.argv[2];
new Parser().parse(readFileSync(file, "utf8"), { source: file }).then(({ document, diagnostics }) => {
  const told = diagnostics.map(({ severity, code, message, path }) => ({ severity, code, message, path: path.join("/") }));
  console.log(JSON.stringify({ parsed: document !== undefined, diagnostics: told }));
});

// Makes what a page needs of the browser SDK: `snippet.js`, Segment's own snippet with CDN_HOST and
// WRITE_KEY to be filled in, and `bundle.js`, the npm form as a bundler leaves it.
//
// Usage: node browser_build.mjs OUT_DIR, with TAILRACE_SDKS_DIR the directory of the packages.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const packages = process.env.TAILRACE_SDKS_DIR;
const out = process.argv[2];
const require = createRequire(join(packages, "package.json"));
const esbuild = require("esbuild");
const snippet = require("@segment/snippet");

await esbuild.build({
  stdin: {
    contents: `import { AnalyticsBrowser } from "@segment/analytics-next";
      window.AnalyticsBrowser = AnalyticsBrowser;`,
    resolveDir: packages,
  },
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  logLevel: "error",
  outfile: join(out, "bundle.js"),
});
const text = snippet.max({ host: "CDN_HOST", apiKey: "WRITE_KEY", load: false, page: false });
// The snippet is made for https alone.
writeFileSync(join(out, "snippet.js"), text.replaceAll("https://CDN_HOST", "http://CDN_HOST"));

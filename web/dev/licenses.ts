import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

interface Package {
  name: string;
  version: string;
  license: string;
  text: string;
}

/** Writes `licenses.txt`: the licence of every package whose code or styles went into the build. */
export function licenses(): Plugin {
  return {
    name: "tailrace-licenses",
    apply: "build",
    generateBundle() {
      const packages = new Map<string, Package>();
      for (const id of this.getModuleIds()) {
        const found = packageOf(id);
        if (found) packages.set(`${found.name}@${found.version}`, found);
      }
      const parts = [...packages.keys()].sort().map((key) => sectionOf(packages.get(key)));
      this.emitFile({ type: "asset", fileName: "licenses.txt", source: parts.join("\n") });
    },
  };
}

function packageOf(id: string): Package | null {
  const path = id.replace(/^\0/, "").replace(/\?.*$/, "");
  if (!path.includes("/node_modules/")) return null;
  let folder = dirname(path);
  while (folder.includes("/node_modules/")) {
    const file = join(folder, "package.json");
    if (existsSync(file)) {
      const { name, version, license } = JSON.parse(readFileSync(file, "utf-8"));
      if (name && version) return { name, version, license, text: licenseText(folder) };
    }
    folder = dirname(folder);
  }
  return null;
}

function licenseText(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|notice)/i.test(entry.name))
    .map((entry) => readFileSync(join(folder, entry.name), "utf-8").trim())
    .join("\n\n");
}

const sectionOf = (found: Package | undefined): string =>
  found
    ? `${found.name} ${found.version} (${found.license})\n\n${found.text}\n\n${"-".repeat(78)}\n`
    : "";

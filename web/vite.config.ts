import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { licenses } from "./dev/licenses.ts";
import { themeVariables } from "./dev/themeVariables.ts";

/** Where `npm run dev` finds the API: a Tailrace started with `tailrace up`. */
const app = process.env["TAILRACE_APP"] ?? "http://127.0.0.1:8283";

export default defineConfig({
  plugins: [react(), themeVariables(), licenses()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "dist/app",
    // The content security policy allows no data: address, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": { target: app, changeOrigin: true } } },
});

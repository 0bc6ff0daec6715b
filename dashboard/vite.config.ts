import { defineConfig } from "vite";
import { licences } from "./licences";

// While developing, `npm run dev` serves the page and passes everything else on to an API.
const api = process.env["CITYPULSE_PAGE_API"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  plugins: [licences()],
  worker: { format: "es" },
  build: {
    target: "es2022",
    sourcemap: false,
    chunkSizeWarningLimit: 1500,
    assetsInlineLimit: 0, // data: URLs would need a wider Content-Security-Policy
  },
  server: { proxy: { "/api": api, "/c": api, "/health": api } },
});

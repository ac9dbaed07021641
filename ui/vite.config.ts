import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Each text asset lies there in compressed forms too, so that the server only picks one. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      const folder = fileURLToPath(new URL("dist/assets/", import.meta.url));
      for (const name of readdirSync(folder)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const bytes = readFileSync(folder + name);
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 9 };
        writeFileSync(`${folder + name}.br`, brotliCompressSync(bytes, { params: quality }));
        writeFileSync(`${folder + name}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

/** What all pages share comes in one piece: six connections carry one large file sooner than thirty small ones. */
const GROUPS = [
  { name: "start", test: /preload-helper|[\\/]src[\\/]main\.ts$/, priority: 2 },
  { name: "frame", test: /[\\/]src[\\/](frame\.tsx|api[\\/]|components[\\/](?!MarkdownText))/, priority: 1 },
];

/** The frame comes with the first program, which needs it at once and cannot name it before it runs. */
function framed(): Plugin {
  return {
    name: "framed",
    apply: "build",
    transformIndexHtml(_, { bundle }) {
      const frame = Object.values(bundle ?? {}).find(file => file.type === "chunk" && file.name === "frame");
      if (frame?.type !== "chunk") throw new Error("there is no frame to fetch");
      const styles = [...(frame.viteMetadata?.importedCss ?? [])];
      const link = (attrs: Record<string, string | boolean>) => ({ tag: "link", attrs });
      return [
        link({ rel: "modulepreload", crossorigin: true, href: `/${frame.fileName}` }),
        ...styles.map(name => link({ rel: "stylesheet", crossorigin: true, href: `/${name}` })),
      ];
    },
  };
}

const SERVER = process.env.ASSAY_URL ?? "http://127.0.0.1:5000";

export default defineConfig({
  plugins: [react(), framed(), compressed()],
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the policy of the pages forbids data: but for images
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: { output: { codeSplitting: { groups: GROUPS } } },
  },
  // The server refuses what other origins ask, so that requests of `npm run dev` must say that they come from it.
  server: { proxy: { "/api": { target: SERVER, changeOrigin: true, headers: { origin: SERVER } } } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});

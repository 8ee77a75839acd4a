/** One application a build: `APP=phone vite build` writes `dist/phone`, whole, with a brotli copy of every file. */

import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const app = process.env.APP ?? "phone";
const isConsole = app === "console";
/** Files whose names other pages and browsers know. */
const NAMED = ["sw", "scanner"];
const source = join(import.meta.dirname, app);
const target = join(import.meta.dirname, "dist", app);
const unfinished = join(import.meta.dirname, "dist", `.${app}`);

/** Tell the service worker its files by name, and what changes when one of them does. */
function precache(): Plugin {
  return {
    name: "precache",
    generateBundle(_, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") return;
      // What reads the camera is large, and not everybody's: it is fetched when it is wanted.
      const hashed = Object.keys(bundle).filter((name) => name.startsWith("assets/") && !/decoder-|\.wasm$/.test(name));
      const names = ["", ...hashed, ...readdirSync(join(source, "public"))];
      worker.code = worker.code.replace("__FILES__", JSON.stringify(names));
    },
  };
}

/** Compressed once, when it is built: the server sends what is there. */
function brotli(): Plugin {
  return {
    name: "brotli",
    writeBundle(_, bundle) {
      for (const name of Object.keys(bundle)) {
        const path = join(unfinished, name);
        writeFileSync(`${path}.br`, brotliCompressSync(readFileSync(path)));
      }
    },
  };
}

/** A server that looks meanwhile sees the last whole build, or none. */
function whole(): Plugin {
  return {
    name: "whole",
    closeBundle() {
      rmSync(target, { recursive: true, force: true });
      renameSync(unfinished, target);
    },
  };
}

export default defineConfig({
  root: source,
  base: `/${app}/`,
  oxc: { jsx: { runtime: "automatic", importSource: isConsole ? "react" : "preact" } },
  build: {
    outDir: unfinished,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: {
      // Compressing takes the longest: that is no fault.
      checks: { pluginTimings: false },
      onwarn(warning, warn) {
        // Marks for servers that render, which nothing here does.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
      preserveEntrySignatures: "exports-only",
      // The console is nothing without the centre: it keeps no files for later.
      input: {
        index: join(source, "index.html"),
        ...(!isConsole && { sw: join(import.meta.dirname, "shared", "sw.ts") }),
        ...(app === "phone" && { scanner: join(import.meta.dirname, "shared", "scanner.ts") }),
      },
      output: { entryFileNames: (chunk) => (NAMED.includes(chunk.name) ? "[name].js" : "assets/[name]-[hash].js") },
    },
  },
  plugins: [precache(), brotli(), whole()],
});

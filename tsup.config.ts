import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Options } from "tsup";
import { namedChunks, ownSourceMaps } from "./tsup.stack-traces.js";

const entry = {
  index: "src/index.ts",
  postgres: "src/stores/postgres/postgres-token-store.ts",
  prisma: "src/stores/prisma/prisma-token-store.ts",
  sqlite: "src/stores/sqlite/sqlite-token-store.ts",
  redis: "src/stores/redis/redis-token-store.ts",
  handlers: "src/handlers/index.ts",
  node: "src/node/index.ts",
  opentelemetry: "src/opentelemetry/index.ts",
  testing: "src/testing/index.ts",
};

/** Where the packages are of which code was built in, in all builds so far. */
const directories = new Set<string>();

/** Writes the licences of other people's packages that are built in: they want to be in every copy. */
const thirdPartyNotices: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "third-party-notices",
  setup(build) {
    const { outdir = "dist" } = build.initialOptions;
    build.onEnd(({ metafile }) => {
      const inputs = Object.values(metafile?.outputs ?? {}).flatMap((output) =>
        Object.entries(output.inputs),
      );
      for (const [path, { bytesInOutput }] of inputs) {
        const [directory] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
        if (directory !== undefined && bytesInOutput > 0) directories.add(directory);
      }
      // The builds run side by side: whichever ends last writes of all.
      mkdirSync(outdir, { recursive: true });
      writeFileSync(join(outdir, "THIRD-PARTY-NOTICES.txt"), [...directories].map(notice).sort().join("\n"));
    });
  },
};

function notice(directory: string): string {
  const manifest = readFileSync(join(directory, "package.json"), "utf8");
  const { name, version, license } = JSON.parse(manifest) as Record<"name" | "version" | "license", string>;
  const files = readdirSync(directory).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  if (files.length === 0) throw new Error(`${name} is built in, but has no licence to pass on`);
  const texts = files.map((file) => readFileSync(join(directory, file), "utf8").trim());
  return [`==== ${name} ${version} (${license})`, ...texts, ""].join("\n\n");
}

// `CalClient` has `Symbol.asyncDispose`, which is in no compiler's default library.
const disposable = '/// <reference lib="esnext.disposable" />';

/**
 * qs keeps objects in `side-channel`, a WeakMap for engines that have none. Every runtime of this package has
 * one, and side-channel's own dependencies load Node's `util`.
 */
const sideChannel: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "side-channel",
  setup(build) {
    build.onResolve({ filter: /^side-channel$/ }, ({ path }) => ({ path, namespace: "side-channel" }));
    build.onLoad({ filter: /.*/, namespace: "side-channel" }, () => ({
      contents: "module.exports = () => new WeakMap();",
    }));
  },
};

const shared = {
  entry,
  target: "es2022",
  platform: "neutral",
  splitting: true,
  sourcemap: true,
  treeshake: true,
  dts: { banner: disposable },
  // Deno knows the built-ins by their node: names only.
  removeNodeProtocol: false,
  external: [/^node:/],
  esbuildOptions(options) {
    // qs and encodeurl have a "main" field only, which esbuild's neutral platform ignores by default.
    options.mainFields = ["module", "main"];
    options.chunkNames = "chunks/[name]-[hash]";
  },
  esbuildPlugins: [thirdPartyNotices, sideChannel, namedChunks],
  plugins: [ownSourceMaps],
} satisfies Options;

// Jest's own module loader knows require(), and import() only with a flag of Node's.
const requireInCjs = {
  name: "require-in-cjs",
  renderChunk: (code: string) => ({
    code: code.replaceAll(
      /\bimport\((["']\.{1,2}\/[^"']+["'])\)/g,
      "Promise.resolve().then(() => require($1))",
    ),
  }),
};

// For a browser: one file without the server side. calbridge/react has its own copy of it.
const browser = {
  ...shared,
  entry: { browser: "src/browser/index.ts" },
  splitting: false,
} satisfies Options;

// React components run in a browser too, which bundlers want to be told first; rollup would drop the line.
const react = {
  ...shared,
  entry: { react: "src/react/index.ts" },
  external: ["react"],
  // Parts of the component are loaded when they are first shown. In a folder of their own: each build names its files alone.
  splitting: true,
  esbuildOptions(options) {
    shared.esbuildOptions(options);
    options.chunkNames = "chunks/react/[name]-[hash]";
  },
  treeshake: false,
  banner: { js: '"use client";' },
  // The stylesheet, as it is.
  publicDir: "src/react/public",
} satisfies Options;

export default defineConfig([
  // The command is run and never imported, so it has no declarations and no CommonJS twin.
  {
    ...shared,
    entry: { ...entry, cli: "src/cli/bin.ts" },
    format: "esm",
    dts: { entry, banner: disposable },
    noExternal: ["zod"],
  },
  // ky and jose are published as ES modules only. Node can require() them, but test runners with a
  // module loader of their own (Jest) cannot, so the CommonJS build carries them along.
  { ...shared, format: "cjs", noExternal: ["ky", "jose", "zod"], plugins: [requireInCjs, ownSourceMaps] },
  { ...browser, format: "esm" },
  { ...browser, format: "cjs" },
  { ...react, format: "esm" },
  // In one file: in a split one, tsup would write "use strict" before "use client".
  { ...react, format: "cjs", splitting: false },
]);

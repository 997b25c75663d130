import { defineConfig, type Options } from "tsup";
import { thirdPartyNotices } from "./third-party-notices.js";

const entry = {
  index: "src/index.ts",
  postgres: "src/stores/postgres.ts",
  prisma: "src/stores/prisma.ts",
  handlers: "src/handlers/index.ts",
  node: "src/handlers/node.ts",
  testing: "src/testing/index.ts",
};

const shared = {
  entry,
  target: "es2022",
  platform: "neutral",
  splitting: true,
  sourcemap: false,
  treeshake: true,
  dts: true,
  // Deno knows the built-ins by their node: names only.
  removeNodeProtocol: false,
  external: [/^node:/],
  esbuildPlugins: [thirdPartyNotices],
} satisfies Options;

// Jest's own module loader knows require(), and import() only with a flag of Node's.
const requireInCjs = {
  name: "require-in-cjs",
  renderChunk: (code: string) => ({
    code: code.replaceAll(/\bimport\((["']\.\/[^"']+["'])\)/g, "Promise.resolve().then(() => require($1))"),
  }),
};

// React components run in a browser too, which bundlers want to be told first; rollup would drop the line.
const react = {
  ...shared,
  entry: { react: "src/react/index.ts" },
  external: ["react"],
  splitting: false,
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
    dts: { entry },
    noExternal: ["zod"],
  },
  // ky and jose are published as ES modules only. Node can require() them, but test runners with a
  // module loader of their own (Jest) cannot, so the CommonJS build carries them along.
  { ...shared, format: "cjs", noExternal: ["ky", "jose", "zod"], plugins: [requireInCjs] },
  { ...react, format: "esm" },
  { ...react, format: "cjs" },
]);

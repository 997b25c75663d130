import { defineConfig, type Options } from "tsup";

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
} satisfies Options;

export default defineConfig([
  { ...shared, format: "esm" },
  // ky and jose are published as ES modules only. Node can require() them, but test runners with a
  // module loader of their own (Jest) cannot, so the CommonJS build carries them along.
  { ...shared, format: "cjs", noExternal: ["ky", "jose"] },
]);

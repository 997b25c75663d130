import { decode, encode, type SourceMapSegment } from "@jridgewell/sourcemap-codec";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import type { Metafile } from "esbuild";
import { defineConfig, type Options } from "tsup";
import { namedChunks, ownSourceMaps } from "./tsup.stack-traces.js";

type EsbuildPlugin = NonNullable<Options["esbuildPlugins"]>[number];
type TsupPlugin = NonNullable<Options["plugins"]>[number];

const entry = {
  index: "src/index.ts",
  postgres: "src/stores/postgres/postgres-token-store.ts",
  prisma: "src/stores/prisma/prisma-token-store.ts",
  handlers: "src/handlers/index.ts",
  node: "src/node/index.ts",
  testing: "src/testing/index.ts",
};

/** Where the packages are of which code was built in, in all builds so far. */
const directories = new Set<string>();

/** Writes the licences of other people's packages that are built in: they want to be in every copy. */
const thirdPartyNotices: EsbuildPlugin = {
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

/** Names the files that entries share after what is in them, so that a stack trace can be read. */
const namedChunks: EsbuildPlugin = {
  name: "named-chunks",
  setup(build) {
    build.onEnd(({ metafile, outputFiles = [] }) => {
      if (!metafile) return;
      const names = chunkNames(metafile);
      const rename = (text: string): string =>
        text.replaceAll(/[\w.-]+-[A-Z0-9]{8}(?=\.c?js)/g, (name) => names.get(name) ?? name);
      for (const file of outputFiles) {
        file.path = join(dirname(file.path), rename(basename(file.path)));
        file.contents = Buffer.from(rename(file.text));
      }
      metafile.outputs = Object.fromEntries(
        Object.entries(metafile.outputs).map(([path, output]) => [rename(path), output]),
      );
    });
  },
};

/** A name for each chunk, by the name that esbuild gave it. */
function chunkNames({ inputs, outputs }: Metafile): Map<string, string> {
  const names = new Map<string, string>();
  for (const [path, { entryPoint, inputs: held }] of Object.entries(outputs).sort()) {
    if (!/(^|\/)chunks\/.*js$/.test(path)) continue;
    const candidates = possibleNames(entryPoint ?? mainModule(held, inputs));
    const name = candidates.find((candidate) => ![...names.values()].includes(candidate));
    if (name === undefined)
      throw new Error(`Another chunk has each of these names: ${candidates.join(", ")}.`);
    names.set(basename(path, extname(path)), name);
  }
  return names;
}

/** The module of a chunk that loads the most of the others. Our own come first. */
function mainModule(held: Metafile["outputs"][string]["inputs"], inputs: Metafile["inputs"]): string {
  // A module that only exports those of others leaves nothing in the output.
  const paths = Object.keys(held).filter((path) => (held[path]?.bytesInOutput ?? 0) > 0);
  const own = paths.filter((path) => path.startsWith("src/"));
  const candidates = own.length > 0 ? own : paths;
  const loads = (path: string, seen = new Set<string>()): Set<string> => {
    if (!candidates.includes(path) || seen.has(path)) return seen;
    seen.add(path);
    for (const one of inputs[path]?.imports ?? []) loads(one.path, seen);
    return seen;
  };
  const [main] = candidates.sort((a, b) => loads(b).size - loads(a).size);
  if (main === undefined) throw new Error("A chunk has nothing in it.");
  return main;
}

/**
 * For `src/stores/postgres/schema.ts`: schema, postgres-schema, stores-postgres-schema. `index.ts` goes by its folder's name,
 * and another package's module begins with the package's.
 */
function possibleNames(path: string): string[] {
  const packageName = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
  const folder = packageName?.[0] ?? "src/";
  const parts = path
    .slice(folder.length)
    .replace(/(\/index)?\.\w+$/, "")
    .split("/");
  const prefix = packageName?.[1]?.replaceAll(/[@/]/g, "") ?? [];
  return parts.map((_, index) => [prefix, parts.slice(-1 - index)].flat(2).join("-"));
}

/**
 * Leaves our own code alone in the source maps: other packages' would take half of the space. Sources are named as in the
 * repository, wherever it lies on the machine that builds.
 */
const ownSourceMaps: TsupPlugin = {
  name: "own-source-maps",
  buildEnd({ writtenFiles }) {
    for (const { name: path } of writtenFiles.filter(({ name }) => name.endsWith(".map"))) {
      const code = path.replace(/\.map$/, "");
      // rollup and tsup both write one.
      const text = readFileSync(code, "utf8")
        .replaceAll(/\n\/\/# sourceMappingURL=.*/g, "")
        .trimEnd();
      const map = onlyOwn(JSON.parse(readFileSync(path, "utf8")) as SourceMap, dirname(path));
      if (map) writeFileSync(path, JSON.stringify(map));
      else rmSync(path);
      writeFileSync(code, `${text}\n${map ? `//# sourceMappingURL=${basename(path)}\n` : ""}`);
    }
  },
};

interface SourceMap {
  version: number;
  sources: string[];
  sourcesContent: string[];
  mappings: string;
}

function onlyOwn({ sources, sourcesContent, mappings }: SourceMap, directory: string): SourceMap | undefined {
  const inRepository = sources.map((source) =>
    relative(".", resolve(directory, source)).replaceAll(sep, "/"),
  );
  const own = sources.map((_, index) => index).filter((index) => inRepository[index]?.startsWith("src/"));
  if (own.length === 0) return undefined;
  // A segment of one number says that from there on the code is from nowhere: one is enough until the next source.
  let isOwn = false;
  const lines = decode(mappings).map((line) =>
    line.flatMap((segment): SourceMapSegment[] => {
      const wasOwn = isOwn;
      const index = segment.length === 1 ? -1 : own.indexOf(segment[1]);
      isOwn = index >= 0;
      if (segment.length === 1 || !isOwn) return wasOwn ? [[segment[0]]] : [];
      return [[segment[0], index, segment[2], segment[3]]];
    }),
  );
  const up = directory.endsWith("chunks") ? "../.." : "..";
  return {
    version: 3,
    sources: own.map((index) => `${up}/${inRepository[index] ?? ""}`),
    sourcesContent: own.map((index) => sourcesContent[index] ?? ""),
    mappings: encode(lines),
  };
}

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
    options.chunkNames = "chunks/[name]-[hash]";
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
    dts: { entry, banner: disposable },
    noExternal: ["zod"],
  },
  // ky and jose are published as ES modules only. Node can require() them, but test runners with a
  // module loader of their own (Jest) cannot, so the CommonJS build carries them along.
  { ...shared, format: "cjs", noExternal: ["ky", "jose", "zod"], plugins: [requireInCjs, ownSourceMaps] },
  { ...react, format: "esm" },
  { ...react, format: "cjs" },
]);

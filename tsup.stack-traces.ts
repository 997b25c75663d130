import { decode, encode, type SourceMapSegment } from "@jridgewell/sourcemap-codec";
import type { Metafile } from "esbuild";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import type { Options } from "tsup";

// What makes a stack trace of the package readable.

type EsbuildPlugin = NonNullable<Options["esbuildPlugins"]>[number];
type TsupPlugin = NonNullable<Options["plugins"]>[number];

/** Names the files that entries share after what is in them, so that a stack trace can be read. */
export const namedChunks: EsbuildPlugin = {
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
  const withCode = Object.keys(held).filter((path) => (held[path]?.bytesInOutput ?? 0) > 0);
  const paths = withCode.length > 0 ? withCode : Object.keys(held);
  const own = paths.filter((path) => path.startsWith("src/"));
  const candidates = own.length > 0 ? own : paths;
  const loads = (path: string, seen = new Set<string>()): Set<string> => {
    if (!candidates.includes(path) || seen.has(path)) return seen;
    seen.add(path);
    for (const one of inputs[path]?.imports ?? []) loads(one.path, seen);
    return seen;
  };
  const [main] = candidates.sort((a, b) => loads(b).size - loads(a).size);
  // A chunk without a module has esbuild's own helpers.
  return main ?? "src/helpers.js";
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
 * repository, wherever it and the built files lie on the machine that builds.
 */
export const ownSourceMaps: TsupPlugin = {
  name: "own-source-maps",
  buildEnd({ writtenFiles }) {
    const home = dirname(resolve(this.options.outDir));
    for (const { name: path } of writtenFiles.filter(({ name }) => name.endsWith(".map"))) {
      const code = path.replace(/\.map$/, "");
      // rollup and tsup both write one.
      const text = readFileSync(code, "utf8")
        .replaceAll(/\n\/\/# sourceMappingURL=.*/g, "")
        .trimEnd();
      const map = onlyOwn(JSON.parse(readFileSync(path, "utf8")) as SourceMap, dirname(path), home);
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

/** @param home - The folder that holds the built files, as the repository holds `dist`. */
function onlyOwn(
  { sources, sourcesContent, mappings }: SourceMap,
  directory: string,
  home: string,
): SourceMap | undefined {
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
  const up = relative(directory, home).replaceAll(sep, "/");
  return {
    version: 3,
    sources: own.map((index) => `${up}/${inRepository[index] ?? ""}`),
    sourcesContent: own.map((index) => sourcesContent[index] ?? ""),
    mappings: encode(lines),
  };
}

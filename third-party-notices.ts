import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

/** Where the packages are of which code was built in, in all builds so far. */
const directories = new Set<string>();

/** Writes the licences of other people's packages that are built in: they want to be in every copy. */
export const thirdPartyNotices: Plugin = {
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

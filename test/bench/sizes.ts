import { existsSync } from "node:fs";
import { join } from "node:path";
import { clientExports, entries, sizeOf, type Size } from "../support/entry-sizes.js";
import { builds, type Build, type Finding } from "./report.js";

const names = ["postgres", "prisma", "sqlite", "redis", "handlers", "node", "opentelemetry"];

function bundleSize({ dist }: Build, ...exports: string[]): Promise<Size> {
  const alias = Object.fromEntries(names.map((name) => [`calbridge/${name}`, join(dist, `${name}.js`)]));
  return sizeOf(dist, exports, { ...alias, calbridge: join(dist, "index.js") });
}

/** What each entry adds to a server's bundle. */
export async function measureSizes(): Promise<Finding> {
  const rows: Finding["rows"] = [
    { what: "the client with the memory store" },
    ...entries.map(({ what }) => ({ what: `${what}, besides` })),
  ];
  for (const build of builds) {
    const client = await bundleSize(build, clientExports);
    const sizes: (Size | null)[] = [client];
    for (const { exports } of entries) {
      const entry = names.find((name) => exports.includes(`"calbridge/${name}"`));
      if (entry !== undefined && !existsSync(join(build.dist, `${entry}.js`))) {
        // An earlier build may not have it.
        sizes.push(null);
        continue;
      }
      const { atStart, inAll } = await bundleSize(build, clientExports, exports);
      sizes.push({ atStart: atStart - client.atStart, inAll: inAll - client.inAll });
    }
    for (const [n, size] of sizes.entries()) {
      if (!size) continue;
      const row = rows[n]!;
      row[`bytes at start, ${build.name}`] = size.atStart;
      row[`in all, ${build.name}`] = size.inAll;
    }
  }
  return {
    title: "Size",
    notes:
      "Bytes of a server's bundle, minified and gzipped, with the dependencies. In all: with what is loaded when it is first needed.",
    rows,
  };
}

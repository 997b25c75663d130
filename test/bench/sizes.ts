import { join } from "node:path";
import { clientExports, entries, sizeOf, type Size } from "../support/entry-sizes.js";
import { builds, hasEntry, type Build, type Finding } from "./report.js";

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
    const report = (n: number, { atStart, inAll }: Size): void => {
      rows[n]![`bytes at start, ${build.name}`] = atStart;
      rows[n]![`in all, ${build.name}`] = inAll;
    };
    report(0, client);
    for (const [n, { exports }] of entries.entries()) {
      const entry = names.find((name) => exports.includes(`"calbridge/${name}"`)) ?? "index";
      if (!hasEntry(build, entry)) continue;
      const { atStart, inAll } = await bundleSize(build, clientExports, exports);
      report(n + 1, { atStart: atStart - client.atStart, inAll: inAll - client.inAll });
    }
  }
  return {
    title: "Size",
    notes:
      "Bytes of a server's bundle, minified and gzipped, with the dependencies. In all: with what is loaded when it is first needed.",
    rows,
  };
}

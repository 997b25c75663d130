import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./markdown.js";

const run = promisify(execFile);

/** The package as npm publishes it. */
export interface PackedPackage {
  /** Path of the tarball. */
  tarball: string;
  /** The files in the tarball. */
  files: string[];
  unpackedSize: number;
}

/**
 * Builds and packs the package in a temporary folder, without changing `dist`. If CALBRIDGE_DIST names a folder, it packs
 * that one instead, so that CI builds once.
 */
export async function packPackage(): Promise<PackedPackage & { remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "calbridge-packed-"));
  const stage = join(directory, "stage");
  await mkdir(stage);
  for (const file of ["package.json", "README.md", "CHANGELOG.md", "LICENSE"]) {
    await cp(join(root, file), join(stage, file));
  }
  // Without the site that `npm run docs` builds there.
  const filter = (path: string): boolean => path !== join(root, "docs/site");
  await cp(join(root, "docs"), join(stage, "docs"), { recursive: true, filter });
  const built = process.env["CALBRIDGE_DIST"];
  if (built) await cp(join(root, built), join(stage, "dist"), { recursive: true });
  else await run("npx", ["tsup", "--out-dir", join(stage, "dist")], { cwd: root });
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", directory];
  const { stdout } = await run("npm", pack, { cwd: stage });
  const [packed] = JSON.parse(stdout) as [
    { filename: string; files: { path: string }[]; unpackedSize: number },
  ];
  return {
    tarball: join(directory, packed.filename),
    files: packed.files.map(({ path }) => path),
    unpackedSize: packed.unpackedSize,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

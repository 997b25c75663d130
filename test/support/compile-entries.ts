import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./markdown.js";
import type { Project } from "./project.js";

/** Every module that the package exports. */
export const entries = [
  "calbridge",
  "calbridge/postgres",
  "calbridge/prisma",
  "calbridge/sqlite",
  "calbridge/redis",
  "calbridge/handlers",
  "calbridge/node",
  "calbridge/browser",
  "calbridge/react",
  "calbridge/opentelemetry",
  "calbridge/testing",
];

/** How an application compiles: how modules are found, and whether it has the types of Node.js and React. */
export interface Compilation {
  name: string;
  files: string[];
  module: string;
  moduleResolution: string;
  hasTypes: boolean;
  /** Options that only some compilers know. */
  others?: Record<string, unknown>;
}

const node16 = { files: ["node16.mts", "node16.cts"], module: "node16", moduleResolution: "node16" };
const bundler = { files: ["bundler.ts"], module: "esnext", moduleResolution: "bundler" };

export const compilations: Compilation[] = [
  { name: "node16", ...node16, hasTypes: false },
  { name: "bundler", ...bundler, hasTypes: false },
  { name: "node16, with the types of Node.js and React", ...node16, hasTypes: true },
  { name: "bundler, with the types of Node.js and React", ...bundler, hasTypes: true },
];

/** As `"module": "commonjs"` compiles without further options up to TypeScript 5. TypeScript 7 has it no more. */
export const node10: Compilation = {
  name: "node10, with the types of Node.js and React",
  files: ["node10.ts"],
  module: "commonjs",
  moduleResolution: "node10",
  hasTypes: true,
  // TypeScript 6 warns that it is old. TypeScript 5 has no such value.
  others: { ignoreDeprecations: "6.0" },
};

/** Compiles files that import every entry, with one of TypeScript's compilers. Rejects with its complaints. */
export async function compileEntries(project: Project, tsc: string, compilation: Compilation): Promise<void> {
  const { files, module, moduleResolution, hasTypes, others } = compilation;
  // The entries for Node.js, React and OpenTelemetry take their types for granted.
  const needTypes = ["calbridge/node", "calbridge/react", "calbridge/opentelemetry"];
  const imports = entries
    .filter((entry) => hasTypes || !needTypes.includes(entry))
    .map((entry, n) => `import * as m${n} from "${entry}";\nexport const e${n} = m${n};\n`);
  const text = `${imports.join("")}
import { CalClient, type CalErrorCode, type TokenStore } from "calbridge";
export const make = (tokenStore: TokenStore) => new CalClient({ managedUsers: { clientId: "a", clientSecret: "b" }, tokenStore });
// @ts-expect-error a provider that there is not
export const wrong = (cal: CalClient) => cal.forUser("u").calendars.check("yahoo");
export const code: CalErrorCode = "rate_limited";
`;
  for (const file of files) await writeFile(join(project.directory, file), text);
  const types = join(root, "node_modules/@types");
  const compilerOptions = {
    module,
    moduleResolution,
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    // The package's own declarations are compiled, too.
    skipLibCheck: false,
    target: "es2022",
    lib: ["es2022", "dom", "dom.iterable"],
    types: hasTypes ? ["node"] : [],
    typeRoots: [types],
    ...others,
    ...(hasTypes && {
      paths: {
        react: [join(types, "react")],
        "@opentelemetry/api": [join(root, "node_modules/@opentelemetry/api/build/src/index.d.ts")],
      },
    }),
  };
  await writeFile(join(project.directory, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  await project.run(process.execPath, tsc, "-p", ".");
}

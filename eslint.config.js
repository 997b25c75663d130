import { defineConfig } from "eslint/config";
import { createNodeResolver, importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

/** What each part of `src` may import, itself aside; types count. `docs/architecture.md` shows it as a picture. */
const store = [
  "stores/assert-record.ts",
  "stores/columns.ts",
  "stores/json-rows.ts",
  "stores/refused-write.ts",
  "stores/user-id-type.ts",
  "stores/connection-store.ts",
  "tokens/token-store.ts",
  "lib",
  "errors.ts",
];
const client = [
  "connections",
  "users",
  "calendars",
  "grants",
  "api",
  "tokens",
  "stores/connection-store.ts",
  "stores/memory.ts",
  "stores/memory-connections.ts",
  "lib",
  "errors.ts",
];
const parts = {
  "errors.ts": [],
  lib: ["errors.ts"],
  api: ["lib", "errors.ts"],
  tokens: ["api/token-claims.ts", "lib", "errors.ts"],
  grants: ["api", "tokens", "lib", "errors.ts"],
  calendars: ["api", "tokens", "lib", "errors.ts"],
  users: ["calendars", "grants", "api", "tokens", "lib", "errors.ts"],
  connections: ["users", "calendars", "api", "tokens", "stores/connection-store.ts", "lib", "errors.ts"],
  "stores/connection-store.ts": [],
  "stores/columns.ts": ["errors.ts"],
  "stores/assert-record.ts": store,
  "stores/json-rows.ts": ["errors.ts"],
  "stores/refused-write.ts": ["errors.ts"],
  "stores/user-id-type.ts": [],
  "stores/memory.ts": store,
  "stores/memory-connections.ts": ["stores/connection-store.ts"],
  "stores/postgres": store,
  "stores/prisma": store,
  "stores/sqlite": store,
  "stores/redis": store,
  "client-options.ts": client,
  "resolve-options.ts": ["client-options.ts", ...client],
  "options-from-env.ts": ["client-options.ts", ...client],
  "client-context.ts": ["resolve-options.ts", ...client],
  "client.ts": [
    "client-options.ts",
    "client-context.ts",
    "resolve-options.ts",
    "options-from-env.ts",
    ...client,
  ],
  "index.ts": ["client.ts", "client-options.ts", ...client],
  handlers: ["index.ts", "calendars", "lib", "errors.ts"],
  node: ["errors.ts"],
  opentelemetry: ["lib", "errors.ts"],
  // Runs in browsers. From the server side it takes types of responses alone: see the rule below.
  browser: [
    "handlers/account.ts",
    "handlers/cal-account-view.ts",
    "handlers/http/http-error.ts",
    "api/endpoints/calendars.ts",
  ],
  react: ["browser"],
  "testing/contract": ["tokens/token-store.ts", "stores/connection-store.ts", "errors.ts"],
  "testing/emulator": [],
  "testing/emulator/model": [],
  "testing/emulator/http": ["testing/emulator/model"],
  "testing/emulator/routes": ["testing/emulator/http", "testing/emulator/model"],
  "testing/emulator/consent": ["testing/emulator/http", "testing/emulator/model"],
  "testing/emulator/controls": ["testing/emulator/model"],
  "testing/index.ts": ["testing"],
  // The command may import everything, and nothing may import it.
};

export default defineConfig(
  {
    ignores: [
      "eslint.config.js",
      "**/dist/",
      "docs/site/open-guides.js",
      "coverage/",
      "**/node_modules/",
      "examples/**/{.next,generated,.wrangler}/",
      "examples/**/next-env.d.ts",
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "import-x": importX },
    settings: {
      "import-x/extensions": [".ts", ".tsx"],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts", ".tsx"] },
      "import-x/resolver-next": [createNodeResolver({ extensionAlias: { ".js": [".ts", ".tsx", ".js"] } })],
    },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "import-x/no-default-export": "error",
      "import-x/no-cycle": "error",
    },
  },
  {
    files: ["src/**"],
    rules: {
      "no-console": "error",
      // A longer one says why in a comment at the rule's exception.
      "max-lines-per-function": ["error", 80],
      "import-x/no-restricted-paths": [
        "error",
        {
          zones: Object.entries(parts).map(([part, allowed]) => ({
            target: `src/${part}`,
            from: "src",
            except: [...new Set([part, ...allowed])].map((path) => `./${path}`),
            message: `src/${part} may import from ${allowed.join(", ") || "nothing else of src"}.`,
          })),
        },
      ],
      "no-restricted-imports": [
        "error",
        {
          paths: [{ name: "zod", message: 'Import * as z from "zod/mini": it is a twentieth of the size.' }],
          patterns: [
            {
              group: ["node:*"],
              message: "The package runs on Workers and Deno too: no Node built-ins here.",
            },
          ],
        },
      ],
    },
  },
  {
    // Its methods are async so that they reject where they throw.
    files: ["src/stores/memory.ts", "src/stores/memory-connections.ts"],
    rules: { "@typescript-eslint/require-await": "off" },
  },
  {
    // Browsers of the last four years have to run it, and Jest's jsdom.
    files: ["src/{browser,react}/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^\\.\\./(?!browser/)",
              allowTypeImports: true,
              message: "It would load code of the server in a page: import types only.",
            },
          ],
        },
      ],
      "no-restricted-properties": [
        "error",
        ...["timeout", "any"].map((property) => ({ object: "AbortSignal", property })),
        ...["hasOwn", "groupBy"].map((property) => ({ object: "Object", property })),
        { object: "Promise", property: "withResolvers" },
        { object: "URL", property: "canParse" },
        { object: "crypto", property: "randomUUID" },
        ...["at", "findLast", "toSorted", "toReversed", "toSpliced"].map((property) => ({ property })),
      ],
      "no-restricted-globals": ["error", "structuredClone", "requestIdleCallback"],
    },
  },
  {
    files: ["src/cli/**", "src/testing/emulator/http/listen.ts"],
    rules: { "no-restricted-imports": "off", "no-console": "off" },
  },
  {
    // What runs by itself, as plain JavaScript: without types, which the compiler would have to be told of.
    files: ["test/e2e/runtimes/program/**", "test/support/*.mjs", ".ci/**"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: { "@typescript-eslint/no-require-imports": "off", "import-x/no-default-export": "off" },
  },
  {
    // Workers want a default export.
    files: ["*.config.ts", "*.config.js", "examples/serverless/cloudflare*.ts"],
    rules: { "import-x/no-default-export": "off" },
  },
  {
    files: ["test/**", "examples/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { paths: [{ name: "vitest", importNames: ["it"], message: "Tests are written with test()." }] },
      ],
    },
  },
  {
    files: ["test/**"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
  {
    // Projects of their own: their packages, and so their types, are there only once they are installed.
    files: [
      "examples/{nextjs,express,hono,fastify}/**",
      "test/e2e/frameworks/*/**",
      "test/e2e/frameworks/calendar.js",
    ],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      "import-x/no-default-export": "off",
      // A module of NestJS.
      "@typescript-eslint/no-extraneous-class": ["error", { allowWithDecorator: true }],
    },
  },
);

import { defineConfig } from "eslint/config";
import { createNodeResolver, importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

/**
 * The walls between the rooms: which folder may import from which. Each row reads "`room` must not
 * import `from`, because".
 */
const walls = [
  {
    room: "src/errors.ts",
    from: "src",
    except: ["./redact.ts"],
    because: "errors know nothing else of ours",
  },
  { room: "src/lib/abort.ts", from: "src", except: [], because: "it knows signals and nothing of ours" },
  { room: "src/lib/redact.ts", from: "src", except: [], because: "redaction knows nothing else of ours" },
  { room: "src/lib/jwe.ts", from: "src", except: [], because: "it knows jose and nothing of ours" },
  {
    room: "src/lib/single-flight.ts",
    from: "src",
    except: [],
    because: "it knows promises and nothing of ours",
  },
  {
    room: "src/api",
    from: "src",
    except: ["./api", "./abort.ts", "./errors.ts", "./redact.ts"],
    because: "the wire knows only errors",
  },
  {
    room: "src/tokens",
    from: "src",
    except: ["./tokens", "./abort.ts", "./errors.ts", "./jwe.ts", "./redact.ts", "./shared-work.ts"],
    because: "the token protocol is handed its calls to Cal.com, it does not make them",
  },
  {
    room: "src/stores",
    from: "src",
    except: ["./stores/shared", "./tokens/token-store.ts", "./errors.ts", "./redact.ts"],
    because: "a store knows the interface and errors, never another store",
  },
  {
    room: "src/!(testing|cli)/**",
    from: "src/testing",
    except: [],
    because: "nothing that ships to a server may pull in the emulator",
  },
  {
    room: "src/*.ts",
    from: "src/testing",
    except: [],
    because: "nothing that ships to a server may pull in the emulator",
  },
  {
    room: "src/handlers",
    from: "src",
    except: [
      "./handlers",
      "./client.ts",
      "./index.ts",
      "./input.ts",
      "./errors.ts",
      "./jwe.ts",
      "./redact.ts",
      "./shared-work.ts",
    ],
    because: "handlers stand on the client, as an application's own would",
  },
  {
    room: "src/react",
    from: "src",
    except: ["./react"],
    because: "what runs in a browser knows the handlers by their answers alone",
  },
  {
    room: "src/testing",
    from: "src",
    except: ["./testing", "./errors.ts", "./tokens/token-store.ts", "./stores/shared"],
    because: "the emulator must not share code with what it tests",
  },
  ...Object.entries({
    model: [],
    http: ["./model"],
    routes: ["./http", "./model"],
    consent: ["./http", "./model"],
    controls: ["./model"],
  }).map(([folder, below]) => ({
    room: `src/testing/emulator/${folder}`,
    from: "src/testing/emulator",
    except: [`./${folder}`, ...below],
    because: "the emulator's folders import downwards only: model, http, then routes, consent and controls",
  })),
];

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
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "import-x/no-default-export": "error",
      "import-x/no-cycle": "error",
    },
  },
  {
    files: ["src/**"],
    rules: {
      "no-console": "error",
      "import-x/no-restricted-paths": [
        "error",
        {
          zones: walls.map(({ room, from, except, because }) => ({
            target: room,
            from,
            except,
            message: because,
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
    files: ["src/cli/**", "src/testing/emulator/http/listen.ts"],
    rules: { "no-restricted-imports": "off", "no-console": "off" },
  },
  {
    // What runs by itself, as plain JavaScript: without types, which the compiler would have to be told of.
    files: ["test/e2e/runtimes/program/**", ".ci/**"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: { "@typescript-eslint/no-require-imports": "off", "import-x/no-default-export": "off" },
  },
  { files: ["*.config.ts", "*.config.js"], rules: { "import-x/no-default-export": "off" } },
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
    files: ["examples/{nextjs,express,hono,fastify}/**"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: { "import-x/no-default-export": "off" },
  },
);

import { build, type Plugin } from "esbuild";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "svelte/compiler";
import { compileScript, parse } from "vue/compiler-sfc";
import { root } from "./markdown.js";

// Compiles a component of Vue or Svelte, and bundles it with what it imports: calbridge's sources, and the framework.
// Its arguments: `vue` or `svelte`, the file of the component, and the file to write.
const [language, input = "", outfile = ""] = process.argv.slice(2);
const code = readFileSync(input, "utf8");

const mount =
  language === "vue"
    ? `import Component from "component"; import { createApp } from "vue";
       export const mount = (target) => { const app = createApp(Component); app.mount(target); return () => app.unmount(); };`
    : `import Component from "component"; import * as svelte from "svelte";
       export const mount = (target) => { const app = svelte.mount(Component, { target }); svelte.flushSync(); return () => svelte.unmount(app); };`;
const component: Plugin = {
  name: "component",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^component$/ }, () => ({ path: "component", namespace: "component" }));
    onLoad({ filter: /.*/, namespace: "component" }, () => ({
      contents: language === "vue" ? compileVue(code) : compileSvelte(code),
      loader: "ts",
      resolveDir: root,
    }));
  },
};
await build({
  stdin: { contents: mount, resolveDir: root },
  outfile,
  bundle: true,
  format: "esm",
  platform: "browser",
  conditions: ["browser"],
  define: {
    "process.env.NODE_ENV": '"development"',
    __VUE_OPTIONS_API__: "false",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
  },
  tsconfig: join(root, "tsconfig.json"),
  plugins: [component],
  logLevel: "silent",
});

function compileVue(code: string): string {
  const { descriptor, errors } = parse(code, { filename: "CalendarSettings.vue" });
  if (errors.length > 0) throw errors[0]!;
  return compileScript(descriptor, { id: "calendars", inlineTemplate: true }).content;
}

function compileSvelte(code: string): string {
  const { js, warnings } = compile(code, { filename: "CalendarSettings.svelte", generate: "client" });
  if (warnings.length > 0) throw new Error(warnings.map(({ message }) => message).join("\n"));
  return js.code;
}

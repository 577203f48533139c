// Bundles the dashboard's scripts, style and icon sprite into ../static/web. Names stay plain here: Django's manifest
// storage adds the content hash when collectstatic copies them.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "web");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

await build({
  absWorkingDir: here,
  entryPoints: ["src/theme.js", "src/app.js", "src/charts.js", "src/app.css"],
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome110", "firefox115", "safari16"],
  legalComments: "linked",
  // ECharts and Bootstrap ask for the mode to leave their debugging text out.
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});

/** One file of <symbol>s, so that a page names an icon instead of repeating its path. */
async function sprite() {
  const names = JSON.parse(await readFile(join(here, "icons.json"), "utf8"));
  const symbols = await Promise.all(
    names.map(async (/** @type {string} */ name) => {
      const svg = await readFile(join(here, "node_modules/@tabler/icons/icons/outline", `${name}.svg`), "utf8");
      const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
      return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${body.replace(/\s*\n\s*/g, "")}</symbol>`;
    }),
  );
  await writeFile(join(out, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
}

await sprite();
await writeFile(join(out, "logo.svg"), await readFile(join(here, "src/logo.svg")));

/**
 * The SDK for pages that load it with PostHog's HTML snippet, which asks the host it sends to for /static/array.js.
 * It is the build that loads no further script. Its source map stays behind, and with it the line that names it.
 */
async function sdk() {
  const from = join(here, "node_modules/posthog-js");
  const { version } = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
  const script = (await readFile(join(from, "dist/array.no-external.js"), "utf8")).replace(/^\/\/# sourceMappingURL=.*$/m, "");
  const legal = `/*! posthog-js ${version}, for license information see array.js.LEGAL.txt */\n`;
  await writeFile(join(out, "..", "array.js"), legal + script);
  await writeFile(join(out, "..", "array.js.LEGAL.txt"), await readFile(join(from, "LICENSE"), "utf8"));
}

await sdk();

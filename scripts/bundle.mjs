// Writes web/built.html and web/built/: the page in few files, named by their content, so that browsers keep them.
// A checkout serves web/index.html; what is made of a release serves this. Run: node scripts/bundle.mjs

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const WEB = join(dirname(dirname(fileURLToPath(import.meta.url))), 'web');
const OUT = join(WEB, 'built');
const STYLES = / *<link rel="stylesheet" href="\.\/([\w.]+)">\n/g;
const SCRIPT = '<script type="module" src="./app.js"></script>';

const page = readFileSync(join(WEB, 'index.html'), 'utf8');
const sheets = [...page.matchAll(STYLES)].map(([, name]) => name);
if (sheets.length === 0 || !page.includes(SCRIPT)) throw new Error('index.html does not name its styles and its script as scripts/bundle.mjs expects.');

rmSync(OUT, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: WEB,
  stdin: { contents: sheets.map((name) => `@import "./${name}";`).join('\n'), loader: 'css', resolveDir: WEB, sourcefile: 'page.css' },
  entryNames: 'page-[hash]', outdir: OUT, bundle: true, minify: true, metafile: true,
});
const script = await build({
  absWorkingDir: WEB, entryPoints: ['app.js'], entryNames: 'page-[hash]', chunkNames: 'page-[hash]', outdir: OUT,
  logLevel: 'error', bundle: true, splitting: true, minify: true, format: 'esm', target: 'es2022', metafile: true, legalComments: 'eof',
});
const css = basename(Object.keys(metafile.outputs)[0]);
const js = basename(Object.entries(script.metafile.outputs).find(([, { entryPoint }]) => entryPoint === 'app.js')[0]);
const built = page.replace(STYLES, '').replace(`  ${SCRIPT}\n`,
  `  <link rel="stylesheet" href="./built/${css}">\n  <script type="module" src="./built/${js}"></script>\n`);
writeFileSync(join(WEB, 'built.html'), built);
console.log(`web/built.html with ${js}, ${css}`);

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'vite';

/**
 * Makes one self-contained page of a build with one script and its styles: it works from any web server and from disk,
 * where browsers refuse to load modules, workers and often styles from beside a page. The page's own policy allows these
 * very texts, by their hashes, and no network at all.
 */
export function singlePagePlugin(template: string): Plugin {
  return {
    name: 'streamgauge:single-page',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_options, bundle) {
      let script = '';
      let style = '';
      for (const [name, output] of Object.entries(bundle)) {
        if (output.type === 'chunk') script += output.code;
        else if (name.endsWith('.css')) style += String(output.source);
        else throw new Error(`A single page has no place for ${name}`);
        delete bundle[name];
      }
      const html = await readFile(template, 'utf8');
      this.emitFile({ type: 'asset', fileName: 'index.html', source: singlePage(html, script, style) });
    },
  };
}

/** The template with the style, the script and the policy that allows both. */
export function singlePage(template: string, script: string, style: string): string {
  const safeScript = scriptText(script);
  const safeStyle = style.replaceAll('</', '<\\/');
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(safeScript)}`,
    `style-src ${hashOf(safeStyle)}`,
    // The worker's script is text in the page's own.
    'worker-src blob:',
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}" />\n<style>${safeStyle}</style>\n</head>`;
  // Functions, because a replacement text would have its dollar signs read as patterns.
  return template
    .replace('</head>', () => head)
    .replace('</body>', () => `<script>${safeScript}</script>\n</body>`);
}

/** A script as the content of a script element: nothing in it may end the element or open a comment. */
function scriptText(script: string): string {
  return script.replace(/<(\/script|script|!--)/gi, (_, rest: string) => `\\x3c${rest}`);
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

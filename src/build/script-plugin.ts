import { build, type Plugin, type PluginOption } from 'vite';

const PREFIX = 'virtual:script/';

/**
 * `import source from 'virtual:script/tap'` gives a script of this project bundled to one self-contained, minified
 * IIFE, as text: for the command line and the tests, which inject it over the DevTools protocol. The extension gets
 * the same entry through `?script&iife`. `plugins` are those that the entries themselves need.
 */
export function scriptPlugin(entries: Record<string, string>, plugins: PluginOption[] = []): Plugin {
  return {
    name: 'streamgauge:script',
    resolveId(id) {
      return id.startsWith(PREFIX) ? `\0${id}` : null;
    },
    async load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return null;
      const name = id.slice(PREFIX.length + 1);
      const entry = entries[name];
      if (!entry) throw new Error(`No script named ${name}; known: ${Object.keys(entries).join(', ')}`);
      return `export default ${JSON.stringify(await bundleScript(entry, plugins))};`;
    },
  };
}

/** Bundles one entry file to a minified IIFE and returns its text. */
export async function bundleScript(entry: string, plugins: PluginOption[] = []): Promise<string> {
  const result = await build({
    configFile: false,
    plugins,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      lib: { entry, formats: ['iife'], name: 'streamgauge' },
      rolldownOptions: {
        optimization: { inlineConst: { mode: 'all', pass: 3 } },
        output: { minify: { compress: true, mangle: true, mangleProps: { include: /[^_]_$/ } } },
      },
    },
  });
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((one) =>
    'output' in one ? one.output : [],
  );
  const chunk = outputs.find((one) => one.type === 'chunk');
  if (chunk?.type !== 'chunk') throw new Error(`Bundling ${entry} made no script`);
  return chunk.code;
}

import { curlLine } from '../exchange/export/curl';
import { exportHar } from '../exchange/export/har';
import { findingsMarkdown } from '../exchange/export/markdown';
import { traceJsonPieces } from '../exchange/export/trace-json';
import { importBytes, MAX_FILE_BYTES } from '../exchange/import/file';
import { DOCUMENTS, documentOf, RECIPES, recipeOf, searchRecipes } from '../recipes';
import type { Trace } from '../trace/types';
import type { Features } from './features';
import { formatBytes } from './format';

const JSON_TYPE = 'application/json';

/** Everything this build can do; panel and dashboard both hand it to the app. */
export const features: Features = {
  recipeOf,
  library: { recipes: RECIPES, documents: DOCUMENTS, recipeOf, documentOf, search: searchRecipes },
  async readFile(file) {
    // Refused before it is read: a file of gigabytes would not fit into memory.
    if (file.size > MAX_FILE_BYTES) {
      throw new Error(`${file.name} is larger than ${formatBytes(MAX_FILE_BYTES)}.`);
    }
    return importBytes(file.name, new Uint8Array(await file.arrayBuffer()));
  },
  exports: [
    {
      label: 'Trace, without secrets',
      suffix: '.json',
      mediaType: JSON_TYPE,
      make: async (trace) => traceJsonPieces(trace).join(''),
    },
    {
      label: 'Trace, without secrets, compressed',
      suffix: '.json.gz',
      mediaType: 'application/gzip',
      make: (trace) => gzip(traceJsonPieces(trace)),
    },
    {
      label: 'Trace, with secrets',
      suffix: '.secret.json.gz',
      mediaType: 'application/gzip',
      make: (trace) => gzip(traceJsonPieces(trace, { redact: false })),
    },
    {
      label: 'HAR, without secrets',
      suffix: '.har',
      mediaType: JSON_TYPE,
      make: async (trace) => JSON.stringify(exportHar(trace), null, 2),
    },
    {
      label: 'Findings, as Markdown',
      suffix: '.md',
      mediaType: 'text/markdown',
      make: async (trace, diagnosis) => findingsMarkdown(trace, diagnosis.findings),
    },
  ],
  findingsMarkdown: (trace: Trace, _diagnosis, findings) => findingsMarkdown(trace, findings),
  curlCommand: (stream) => curlLine(stream),
};

async function gzip(pieces: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob(pieces).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

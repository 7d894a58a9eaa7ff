import { curlLine } from '../exchange/export/curl';
import { EXPORT_FORMATS } from '../exchange/export/formats';
import { findingsMarkdown } from '../exchange/export/markdown';
import { importBytes, MAX_FILE_BYTES } from '../exchange/import/file';
import { redactionPreview } from '../exchange/redact';
import { DOCUMENTS, documentOf, RECIPES, recipeOf, searchRecipes } from '../recipes';
import type { Trace } from '../trace/types';
import type { Features } from './features';
import { formatBytes } from './format';
import { newSalt } from './salt';

/** What is copied from one page shows equal secrets as equal, and nothing to who knows neither. */
const SALT = newSalt();

/** Everything this build can do; panel and dashboard both hand it to the app. */
export const features: Features = {
  recipeOf,
  library: { recipes: RECIPES, documents: DOCUMENTS, recipeOf, documentOf, search: searchRecipes },
  async readFile(file) {
    // Refused before it is read: a file of gigabytes would not fit into memory.
    if (file.size > MAX_FILE_BYTES) {
      throw new Error(
        `${file.name} is larger than ${formatBytes(MAX_FILE_BYTES)}: record a shorter time, or only the page that matters.`,
      );
    }
    return importBytes(file.name, new Uint8Array(await file.arrayBuffer()));
  },
  exports: EXPORT_FORMATS,
  redactionPreview,
  findingsMarkdown: (trace: Trace, _diagnosis, findings) => findingsMarkdown(trace, findings, { salt: SALT }),
  curlCommand: (stream) => curlLine(stream, { salt: SALT }),
};

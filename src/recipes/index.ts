import batchedStream from './batched-stream.md';
import bufferedStream from './buffered-stream.md';
import compressedStream from './compressed-stream.md';
import connectionLimit from './connection-limit.md';
import connectionLost from './connection-lost.md';
import corsCredentials from './cors-credentials.md';
import flaskAlbErrors from './documents/000_f43a27df2c069156.md';
import lostJobs from './documents/001_ca2a4bd3fe6f607d.md';
import bufferedSse from './documents/002_1ebeed7eb15dba47.md';
import apiGateway504 from './documents/003_e4d6598c67b82dc6.md';
import appRunnerSockets from './documents/004_eabe6d93a2f6ee54.md';
import downgradedStream from './downgraded-stream.md';
import durationCap from './duration-cap.md';
import gatewayTimeout from './gateway-timeout.md';
import http2ProtocolError from './http2-protocol-error.md';
import idleCut from './idle-cut.md';
import incompleteStream from './incomplete-stream.md';
import lostJob from './lost-job.md';
import maskedStatus from './masked-status.md';
import missingAbort from './missing-abort.md';
import missingAffinity from './missing-affinity.md';
import missingHeartbeat from './missing-heartbeat.md';
import missingStreamHeaders from './missing-stream-headers.md';
import omittedCredentials from './omitted-credentials.md';
import pingTimeout from './ping-timeout.md';
import reconnectLoop from './reconnect-loop.md';
import refusedUpgrade from './refused-upgrade.md';
import slowFirstByte from './slow-first-byte.md';
import splitEvent from './split-event.md';
import stalledStream from './stalled-stream.md';
import stuckPolling from './stuck-polling.md';
import { recipeText } from './text';
import type { Recipe } from './types';
import unknownSession from './unknown-session.md';
import unreturnedCookie from './unreturned-cookie.md';
import websocketFirst from './websocket-first.md';
import wrongContentType from './wrong-content-type.md';

export type { Block, Inline, Recipe, RecipeSection, RecipeTab, SectionRole } from './types';

/** A page on one of the documents that the recipes answer. */
export interface SourceDocument extends Recipe {
  /** File name of the document, as findings name their sources. */
  file: string;
  /** Ids of the findings that answer it, in the page's order. */
  findings: string[];
}

/** Every recipe, in the order of the catalogue of findings. */
export const RECIPES: readonly Recipe[] = [
  bufferedStream,
  batchedStream,
  compressedStream,
  slowFirstByte,
  missingStreamHeaders,
  gatewayTimeout,
  idleCut,
  durationCap,
  missingHeartbeat,
  stalledStream,
  http2ProtocolError,
  connectionLost,
  incompleteStream,
  wrongContentType,
  reconnectLoop,
  maskedStatus,
  splitEvent,
  missingAbort,
  lostJob,
  missingAffinity,
  omittedCredentials,
  unreturnedCookie,
  corsCredentials,
  downgradedStream,
  refusedUpgrade,
  stuckPolling,
  websocketFirst,
  unknownSession,
  pingTimeout,
  connectionLimit,
];

const pages: readonly Recipe[] = [flaskAlbErrors, lostJobs, bufferedSse, apiGateway504, appRunnerSockets];

/** The five documents: what each reported, what answers it, which of its advice holds and which does not. */
export const DOCUMENTS: readonly SourceDocument[] = pages.map((page) => ({
  ...page,
  file: `${page.id}.txt`,
  findings: recipesNamedIn(page),
}));

const byId = new Map(RECIPES.map((recipe) => [recipe.id, recipe]));

/** The recipe of a finding, or null when there is none of that id. */
export function recipeOf(id: string): Recipe | null {
  return byId.get(id) ?? null;
}

/** The page on a source document, by id or file name; null when there is none. */
export function documentOf(idOrFile: string): SourceDocument | null {
  return DOCUMENTS.find((page) => page.id === idOrFile || page.file === idOrFile) ?? null;
}

/**
 * Recipes that contain every word of the query, in any case and order. Those with the words in their id or title come
 * first; otherwise the catalogue's order stays. An empty query finds everything.
 */
export function searchRecipes(query: string): Recipe[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const containsAll = (text: string) => words.every((word) => text.includes(word));
  const found = RECIPES.filter((recipe) => containsAll(searchTextOf(recipe)));
  const byName = (recipe: Recipe) => containsAll(`${recipe.id} ${recipe.title}`.toLowerCase());
  return [...found.filter(byName), ...found.filter((recipe) => !byName(recipe))];
}

const searchTexts = new WeakMap<Recipe, string>();

function searchTextOf(recipe: Recipe): string {
  let text = searchTexts.get(recipe);
  if (text === undefined) {
    text = `${recipe.id} ${recipeText(recipe, { width: Number.POSITIVE_INFINITY })}`.toLowerCase();
    searchTexts.set(recipe, text);
  }
  return text;
}

/** Ids in links of the section that lists the findings. */
function recipesNamedIn(page: Recipe): string[] {
  const section = page.sections.find((one) => one.title === 'Findings that answer it');
  const ids = JSON.stringify(section?.blocks ?? []).matchAll(/"recipe:([\w-]+)"/g);
  return [...new Set([...ids].map((match) => match[1] ?? ''))];
}

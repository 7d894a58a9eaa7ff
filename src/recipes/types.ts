/**
 * A recipe as the build makes it from Markdown: a small tree of blocks, no HTML, so that every front end shows it
 * as text of its own (the panel builds elements, the terminal prints lines).
 */
export interface Recipe {
  id: string;
  /** First heading. */
  title: string;
  /** Blocks before the first section. */
  lead: Block[];
  /** In order: what you see, why, how to make sure, fix, check, sources. */
  sections: RecipeSection[];
}

export interface RecipeSection {
  /** Heading text. */
  title: string;
  /** `see` `why` `confirm` `fix` `check` `source`, from the heading's own marker; null for others. */
  role: SectionRole | null;
  blocks: Block[];
  /** Only in `fix`: one per platform, in the file's order. */
  tabs: RecipeTab[];
}
export type SectionRole = 'see' | 'why' | 'confirm' | 'fix' | 'check' | 'source';

export interface RecipeTab {
  /** A platform id of `diagnose/platforms.ts`. */
  platform: string;
  title: string;
  blocks: Block[];
}

export type Block =
  | { type: 'paragraph'; inlines: Inline[] }
  | { type: 'list'; ordered: boolean; items: Block[][] }
  /** `context` says where the code belongs, when that matters: `http`, `server` or `location` of nginx. */
  | { type: 'code'; language: string; context?: string; text: string }
  | { type: 'quote'; blocks: Block[] }
  | { type: 'table'; header: Inline[][]; rows: Inline[][][] };

export type Inline =
  | { type: 'text'; text: string }
  | { type: 'code'; text: string }
  | { type: 'strong'; inlines: Inline[] }
  | { type: 'emphasis'; inlines: Inline[] }
  /** `href` is `https://…`, `recipe:<id>` (another recipe) or `document:<id>` (a page of `DOCUMENTS`). */
  | { type: 'link'; href: string; inlines: Inline[] };

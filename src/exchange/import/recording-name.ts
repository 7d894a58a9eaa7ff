/** What a recording is called after its file: `stage.trace.json.gz` → `stage`. */
export function recordingName(fileName: string): string {
  return fileName.replace(/(\.(json|har|gz|streamgauge|trace))+$/i, '') || fileName;
}

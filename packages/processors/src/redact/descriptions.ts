/** Descriptions of metrics that are longer than a label and say nothing private: instrumentation wrote them, nobody typed them. */
export const descriptions: ReadonlySet<string> = new Set([
  'Count of code editing tool permission decisions (accept/reject) for Edit, Write, and NotebookEdit tools',
  "Count of lines of code modified, with the 'type' attribute indicating whether lines were added or removed",
  "Count of lines of code modified, with the 'type' attribute indicating whether lines were added or removed and the 'model' attribute indicating which model made the change",
]);

// The stream of a run's log: named events as the AI server sent them, and at the end `status`. Pure.

export const logDialect = {
  /** `{ type, data }`: the event's name, and its data as text. */
  read: ({ event, data }) => ({ type: event ?? "message", data }),

  // An `error` is the task's own, or is followed by the `status`. Who may not read is refused
  // before the stream begins.
  verdict: ({ type }) => (type === "status" ? "ends" : "goes-on"),
};

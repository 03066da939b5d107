"""Gets projects their AI servers, and keeps those that we started running."""

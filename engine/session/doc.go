// Package session lets a page talk to an engine: one protocol of messages, a JSON head and binary frames each, over any
// carrier. PROTOCOL.md describes it. The page fetches and keeps a model's files and hands them over one at a time; the
// engine verifies them, computes, and answers every request with exactly one terminal message.
//
// A [Carrier] takes messages both ways: a Web Worker's postMessage, or the binary messages of a WebSocket, for which
// [AppendBinary] and [ParseBinary] are the framing. A [Session] serves one page over one carrier.
package session

// What becomes of a download whose connection breaks, by servers of every kind.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { download } from "../lib/download.js";

const file = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7 + (i >> 8));

/** Runs a download from a server that answers each request as it says; returns what came, and what was asked for. */
async function from(answer, { begun } = {}) {
  const ranges = [];
  const reports = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range ?? "");
    response.here = () => reports.at(-1)?.[0] ?? 0;
    answer(response, Number(/bytes=(\d+)-/.exec(request.headers.range)?.[1] ?? 0), ranges.length);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const part = { begun: begun ?? new Uint8Array(), kept: new Uint8Array(file.length), write: (bytes, at) => part.kept.set(bytes, at) };
  try {
    const url = `http://127.0.0.1:${server.address().port}/`;
    const bytes = await download(new AbortController().signal, url, file.length, "no-store", (...of) => reports.push(of), part);
    return { bytes, ranges, reports, part };
  } catch (error) {
    return { error, ranges, reports, part };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Sends the file from a byte on, and breaks when so many have arrived. */
function send(response, at, { bytes = file.length, headers = { "Content-Range": `bytes ${at}-${file.length - 1}/${file.length}` } } = {}) {
  response.writeHead(at ? 206 : 200, { "Content-Length": file.length - at, ...(at ? headers : {}) });
  const end = Math.min(at + bytes, file.length);
  response.write(file.subarray(at, end));
  if (end === file.length) return response.end();
  const look = setInterval(() => {
    if (response.here() < end) return;
    clearInterval(look);
    response.destroy();
  }, 5);
}

test("goes on where it broke, as long as something comes", async () => {
  const { bytes, ranges, part } = await from((response, at) => send(response, at, { bytes: 100_000 }));
  assert.deepEqual(bytes, file);
  assert.deepEqual(ranges, ["", "bytes=100000-", "bytes=200000-"]);
  assert.deepEqual(part.kept, file);
});

test("goes on with what was here", async () => {
  const { bytes, ranges, reports } = await from((response, at) => send(response, at), { begun: file.slice(0, 1234) });
  assert.deepEqual(bytes, file);
  assert.deepEqual(ranges, ["bytes=1234-"]);
  assert.deepEqual([reports[0], reports.at(-1)], [[1234, 1234], [file.length, 1234]]);
});

test("asks for nothing where all of it was here", async () => {
  const { bytes, ranges } = await from(() => assert.fail(), { begun: file });
  assert.deepEqual(bytes, file);
  assert.deepEqual(ranges, []);
});

const begun = file.slice(0, 1234).fill(0); // which shows if it stays
for (const [name, answer] of Object.entries({
  "sends all of it": (response) => send(response, 0),
  "refuses ranges": (response, at) => (at ? response.writeHead(416).end() : send(response, 0)),
  "sends another range": (response, at) => send(response, at, { headers: { "Content-Range": `bytes 0-${file.length - 1}/${file.length}` } }),
  "sends a range of another file": (response, at) => send(response, at, { headers: { "Content-Range": `bytes ${at}-9/10` } }),
  "does not say which range": (response, at) => send(response, at, { headers: {} }),
})) {
  test(`begins anew where the server ${name}`, async () => {
    const { bytes, ranges, reports, part } = await from(answer, { begun });
    assert.deepEqual(bytes, file);
    assert.equal(ranges[0], "bytes=1234-");
    assert.deepEqual(reports.at(-1), [file.length, 0]);
    assert.deepEqual(part.kept, file);
  });
}

test("gives up where nothing comes any more", async () => {
  const { error, ranges } = await from((response, at, request) => (request === 1 ? send(response, at, { bytes: 5000 }) : response.destroy()));
  assert.match(error.message, /network is down/);
  assert.deepEqual(ranges.slice(0, 2), ["", "bytes=5000-"]);
});

test("gives up in the end where it always breaks", async () => {
  const { error, ranges } = await from((response, at) => send(response, at, { bytes: 10 }));
  assert.match(error.message, /broke after 80 of 300000 bytes/);
  assert.equal(ranges.length, 8);
});

test("refuses more than the file has, and what is no answer", async () => {
  assert.match((await from((response) => response.end(new Uint8Array(file.length + 1)))).error.message, /more than 300000/);
  assert.match((await from((response) => response.writeHead(404).end(), { begun })).error.message, /status 404/);
});

// Package e2e tests the web app as a person uses it: in Chromium, with WebGPU on a software adapter, over the handler that
// the program serves it with.
//
// It needs a Chromium and the browser engine ("make wasm"). Where either is missing the tests are skipped, or fail if
// COUNTERPOINT_E2E is "required"; COUNTERPOINT_CHROMIUM names a browser outside the usual places. TestAccessible wants axe-core
// too, the file that .ci/axe-core fetches, in COUNTERPOINT_AXE.
package e2e

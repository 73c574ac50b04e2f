// Package engine generates pictures from prompts of concepts: [Open] loads a packed model onto a device, and
// [Engine.Generate] runs a [Request] as an iterator of events that ends with the pictures. The same request on the same
// model gives the same pictures.
//
// It joins the packages below it and adds little: compose turns the prompt into rows and coefficients, tokenizer and nn
// into conditions, nn the model into programs that a device runs, and sample the schedule into steps.
package engine

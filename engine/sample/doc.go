// Package sample turns noise into pictures: seeded noise, noise schedules and
// samplers, for any network and any device.
//
// A sampler is data. It maps a [Schedule] and a number of steps to a list of
// [Step]s, each an evaluation of the network followed by linear combinations of
// whole registers with coefficients computed here in float64. [Run] executes the
// list on a [Bank], which is what a device offers, with a [Scorer], which is a
// network, several, or an analytic density in tests. A new sampler is a new file
// that calls Register in its init; no device and no shader knows of it.
//
// Everything here rounds the same on every platform: products are converted
// explicitly before they are added, which keeps Go from fusing them (the
// language allows it, and arm64 does it), and sine, exponential and logarithm are
// this package's own, since those of package math differ between platforms.
package sample

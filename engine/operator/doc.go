// Package operator carries out a [compose.Plan] on a device: at each step it combines the scores of the plan's rows into
// the score that the sampler follows, AND, OR, the three kinds of NOT, regions and step ranges.
//
// # How
//
// With ε_u the unconditional score, every operator's result is ε_u + Σ cᵢ·dᵢ over the plan's leaves: dᵢ = mᵢ·(εᵢ − ε_u), mᵢ
// the mask of the leaf's region, with one coefficient a leaf and picture. Coefficients come from the products ⟨dᵢ, dⱼ⟩ and
// the leaves' log-ratios by a program over scalars, so nothing is read back while a run goes on, and an operator is one file
// of algebra: and.go, or.go, not.go, perp.go. A plan with constant coefficients needs none of that and is one sum of scores.
// A leaf of another model than the first has that one's unconditional score in its dᵢ and in its log-ratio.
//
// # Log-ratios
//
// OR and gated NOT ask how likely concept i is at the picture as it is: ℓᵢ = log p_t(x|cᵢ)/p_t(x). It is 0 in pure noise
// and is followed along the run. From x at level ᾱ to x' at the next level ᾱ' a reverse process has Gaussian transitions
// of one variance σ² and means μ_u, and μ_u + k·dᵢ under concept i (Ho et al., arXiv 2006.11239, equations 6 and 7), so by
// Bayes
//
//	ℓᵢ ← ℓᵢ + (2k·⟨x' − μ_u, dᵢ⟩ − k²·‖dᵢ‖²) / 2σ²
//
// whatever drift x followed (Girsanov; SuperDiff's Itô estimate, arXiv 2412.17762, in discrete time). A corrector's move at
// one level adds the line integral −⟨x' − x, dᵢ⟩/√(1−ᾱ). In the limit of many steps that is exact where x has the
// ancestral process's noise: ddpm, DDIM with eta 1, ancestral and SDE samplers. Deterministic samplers lack the noise that
// the quadratic term makes up for, and ℓ comes out too low: in the tests' toy, −0.50 for 0.13 at the atom that two concepts
// share, where OR misses the masses by 0.02 (by 0.003 with noise); between concepts that exclude each other the choice is
// right all the same. What x does while a leaf is not evaluated is not seen.
//
// Networks' outputs of any kind do: dᵢ scales like the difference of the outputs.
package operator

package engine

import (
	"context"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// checkParticles reports what does not go with particles.
func (r *Request) checkParticles() error {
	switch {
	case !r.Particles:
		return nil
	case r.Rescale > 0 || r.APG || r.GuidanceStart > 0 || r.guidanceStop() < 1:
		return requestError("particles", "they weigh the plain sum; want no guidance_rescale, apg, guidance_start or guidance_stop")
	case r.BestOf > 1:
		return requestError("best_of", "particles are one population, and none is made alone; want one of them")
	}
	return nil
}

// checkNoise reports a sampler whose particles could not part again once one is drawn twice, and whose weights Feynman–Kac's
// formula does not give.
func (r *Request) checkNoise(sampler sample.Sampler, schedule *sample.Schedule, o sample.Options) error {
	if !r.Particles {
		return nil
	}
	o.Corrector = sample.Corrector{} // whose noise is its own
	steps, err := sampler.Steps(schedule, r.Steps, o)
	for i, s := range steps {
		if !s.Noise && i < len(steps)-1 {
			return requestError("particles", "%s adds no noise, so pictures drawn twice would stay the same; want ddpm, or ddim with eta 1", r.Sampler)
		}
	}
	return err
}

// resample draws the pictures anew between a step's scores and its moves, but in the last step, after which no noise tells
// those drawn twice apart. The random number is that of the batch's first seed and the step. All registers follow: the
// latents, the sampler's history, and what a start keeps of them.
func (s *scorer) resample(ctx context.Context, step sample.Step) error {
	c := s.composer
	if step.Partial || c.step == c.steps {
		return nil
	}
	var registers []device.Batch
	for r := range s.bank.registers {
		if sample.Reg(r) != sample.RegNoise {
			registers = append(registers, s.latents(sample.Reg(r), 0))
		}
	}
	return c.Resample(ctx, sample.Uniform(c.seed, uint32(c.step)), registers...)
}

// readPopulation tells what has become of the particles; nothing without.
func (g *generation) readPopulation(ctx context.Context, s *scorer) (operator.Population, error) {
	if !g.request.Particles {
		return operator.Population{}, nil
	}
	return s.composer.Population(ctx)
}

package main

import (
	"context"

	"todo/internal/step"
)

func (u setup) ensureImages(ctx context.Context, printer *step.Printer) error { return nil }

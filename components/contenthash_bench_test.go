package components

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"testing"
)

// ownSources are the builds of this repository's own sources.
var ownSources = []Build{
	{Root: "..", Context: "app/backend", Dockerfile: "dockerfiles/backend.Dockerfile", Platform: "linux/amd64"},
	{Root: "..", Context: "app/frontend-web", Dockerfile: "dockerfiles/frontend-web.Dockerfile", Platform: "linux/amd64"},
	{Root: "..", Context: "app/frontend-chatbot", Dockerfile: "dockerfiles/frontend-chatbot.Dockerfile", Platform: "linux/amd64"},
}

// BenchmarkContentTag names the three images, as every preview does.
func BenchmarkContentTag(b *testing.B) {
	for b.Loop() {
		for _, build := range ownSources {
			if _, err := build.ContentTag(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkReadAndHash reads the same files and hashes their bytes, and does no more: the floor for BenchmarkContentTag.
func BenchmarkReadAndHash(b *testing.B) {
	var paths []string
	for _, build := range ownSources {
		if err := build.walk(func(_, path string, _ fs.DirEntry) error { paths = append(paths, path); return nil }); err != nil {
			b.Fatal(err)
		}
	}
	var size int
	for b.Loop() {
		size = 0
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				b.Fatal(err)
			}
			sha256.Sum256(text)
			size += len(text)
		}
	}
	b.ReportMetric(float64(len(paths)), "files")
	b.ReportMetric(float64(size), "bytes")
}

// Package lexers takes the place of chroma's, which brings the grammars of 200 languages for the CLI's help texts.
package lexers

import (
	"github.com/alecthomas/chroma"
	"github.com/alecthomas/chroma/lexers/internal"
)

// Fallback is the lexer of plain text.
var Fallback = internal.Fallback

// Get would return the lexer of that name; nil is for plain text.
func Get(name string) chroma.Lexer { return internal.Get(name) }

// Analyse would find out a text's language; nil is for plain text.
func Analyse(text string) chroma.Lexer { return internal.Analyse(text) }

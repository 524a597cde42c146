package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

const (
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits       = "0123456789"
	// specials are the real plugin's, when overrideSpecial is not set.
	specials = "!@#$%&*()-_=+[]{}<>:?"
)

// class is a set of characters that a password may have, and how many of them it must have.
type class struct {
	name       string // as in the inputs: lower, upper, numeric, special
	characters string
	use        bool
	min        int
}

// recipe is what a password is made of.
type recipe struct {
	length  int
	classes []class
}

// check returns all that is wrong, one line each.
func (r recipe) check() error {
	var problems []error
	total, used := 0, 0
	for _, c := range r.classes {
		switch {
		case c.min < 0:
			problems = append(problems, fmt.Errorf("the minimum of %s characters is %d; it must be 0 or more", c.name, c.min))
		case c.min > 0 && !c.use:
			problems = append(problems, fmt.Errorf("a minimum of %d %s characters is asked for while %s is false", c.min, c.name, c.name))
		case c.use && c.characters == "":
			problems = append(problems, fmt.Errorf("%s is true but there are no %s characters to choose from", c.name, c.name))
		}
		total += c.min
		if c.use {
			used++
		}
	}
	if r.length < 1 {
		problems = append(problems, fmt.Errorf("length is %d; it must be 1 or more", r.length))
	}
	if used == 0 {
		problems = append(problems, errors.New("no characters to choose from: one of lower, upper, numeric, special must be true"))
	}
	if total > r.length {
		problems = append(problems, fmt.Errorf("length is %d but the minimums add up to %d", r.length, total))
	}
	return errors.Join(problems...)
}

// draw makes a password: the minimum of every class, the rest from all of them, in random order.
func (r recipe) draw() (string, error) {
	var password []rune // not bytes: overrideSpecial may hold any character
	var all strings.Builder
	for _, c := range r.classes {
		if !c.use {
			continue
		}
		all.WriteString(c.characters)
		for range c.min {
			character, err := pick(c.characters)
			if err != nil {
				return "", err
			}
			password = append(password, character)
		}
	}
	for len(password) < r.length {
		character, err := pick(all.String())
		if err != nil {
			return "", err
		}
		password = append(password, character)
	}
	// Without the shuffle the first characters would always be of the first class.
	for i := len(password) - 1; i > 0; i-- {
		j, err := below(i + 1)
		if err != nil {
			return "", err
		}
		password[i], password[j] = password[j], password[i]
	}
	return string(password), nil
}

func pick(characters string) (rune, error) {
	all := []rune(characters)
	i, err := below(len(all))
	if err != nil {
		return 0, err
	}
	return all[i], nil
}

// below returns an unbiased random number from 0 to n-1.
func below(n int) (int, error) {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0, fmt.Errorf("the system's random source: %w", err)
	}
	return int(i.Int64()), nil
}

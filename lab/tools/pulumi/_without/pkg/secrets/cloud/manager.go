// Package cloud takes the place of the CLI's secrets provider for the key services of clouds, which needs their SDKs.
package cloud

import (
	"encoding/json"
	"errors"

	"github.com/pulumi/pulumi/pkg/v3/secrets"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// Type is the provider's name in a stack's state.
const Type = "cloud"

var errAbsent = errors.New("the lab's build of Pulumi has no key services of clouds: use a passphrase, or install Pulumi")

// EditProjectStack would write the provider's settings into a stack's configuration.
func EditProjectStack(*workspace.ProjectStack, json.RawMessage) error { return errAbsent }

// NewCloudSecretsManagerFromState would open the provider of an existing stack.
func NewCloudSecretsManagerFromState(json.RawMessage) (secrets.Manager, error) { return nil, errAbsent }

// NewCloudSecretsManager would open the provider of a new stack.
func NewCloudSecretsManager(*workspace.ProjectStack, string, bool) (secrets.Manager, error) {
	return nil, errAbsent
}

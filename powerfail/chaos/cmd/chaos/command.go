package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"lsmlab/powerfail/chaos"
	"lsmlab/powerfail/faults"
)

// errFound ends a lint that found something. The findings were printed before.
var errFound = errors.New("some resources do not do what they say")

func newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "chaos",
		Short:         "Faults as resources of Chaos Mesh",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(newRender(), newLint())
	return cmd
}

func newRender() *cobra.Command {
	var opts chaos.Options
	cmd := &cobra.Command{
		Use:   "render FAULTS",
		Short: "Write the resources of a fault file as YAML to standard output",
		Long: `Write the resources of a fault file as YAML to standard output.

What the resources would not do goes to standard error, a line each; it does not
change the exit code, since the fault file may be meant for other executors too.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return render(cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], opts)
		},
	}
	cmd.Flags().StringVar(&opts.Namespace, "namespace", "default", "namespace of the resources and of the pods that they meet")
	cmd.Flags().StringToStringVar(&opts.Labels, "selector", nil, "label that all pods must carry besides those of the file: k=v, may be repeated")
	return cmd
}

func newLint() *cobra.Command {
	return &cobra.Command{
		Use:   "lint FILE..",
		Short: "Tell what in YAML files of resources is invalid or does nothing; exit 1 if anything",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return lint(cmd.OutOrStdout(), args)
		},
	}
}

func render(stdout, stderr io.Writer, path string, opts chaos.Options) error {
	if problems := validation.IsDNS1123Label(opts.Namespace); len(problems) > 0 {
		return fmt.Errorf("--namespace: %q: %s", opts.Namespace, problems[0])
	}
	for k, v := range opts.Labels {
		if !faults.Label(k, v) {
			return fmt.Errorf("--selector: %q=%q: want a label such as app=db", k, v)
		}
	}
	f, err := faults.Read(path)
	if err != nil {
		return err
	}
	objects, err := chaos.Render(f, opts)
	if err != nil {
		return err
	}
	for _, obj := range objects {
		for _, finding := range chaos.Lint(obj) {
			if _, err := fmt.Fprintln(stderr, finding); err != nil {
				return err
			}
		}
	}
	return chaos.Write(stdout, objects)
}

func lint(stdout io.Writer, paths []string) error {
	found := false
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		objects, err := chaos.Read(data)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if len(objects) == 0 {
			return fmt.Errorf("%s: no resource in it", path)
		}
		for _, obj := range objects {
			for _, line := range judge(obj) {
				found = true
				if _, err := fmt.Fprintf(stdout, "%s: %s\n", path, line); err != nil {
					return err
				}
			}
		}
	}
	if found {
		return errFound
	}
	return nil
}

// judge returns the findings of the linter in obj, and then the errors of the library.
// The linter runs first, because it must see the fields before the library sets
// defaults.
func judge(obj client.Object) []string {
	var lines []string
	for _, finding := range chaos.Lint(obj) {
		lines = append(lines, finding.String())
	}
	err := chaos.Default(obj)
	if err == nil {
		err = chaos.Validate(obj)
	}
	if err != nil {
		lines = append(lines, err.Error())
	}
	return lines
}

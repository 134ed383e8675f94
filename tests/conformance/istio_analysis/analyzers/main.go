// Command istio-analyzers runs all of Istio's analyzers over files and writes what they report.
//
// `istioctl analyze --use-kube=false` leaves out every analyzer that reads Pods, Services,
// Namespaces or Secrets; this runs them all over the same files, as Istio's own tests do. Of several
// clusters (-cluster NAME=FILE, repeatable) only the multi-cluster analyzers run.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"os"
	"strings"

	"istio.io/istio/pilot/pkg/config/file"
	"istio.io/istio/pkg/cluster"
	"istio.io/istio/pkg/config/analysis"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/legacy/util/kuberesource"
	"istio.io/istio/pkg/config/analysis/local"
)

type repeated []string

func (r *repeated) String() string         { return strings.Join(*r, ",") }
func (r *repeated) Set(value string) error { *r = append(*r, value); return nil }

func main() {
	var clusters repeated
	meshConfig := flag.String("mesh-config", "", "file of the MeshConfig")
	meshNetworks := flag.String("mesh-networks", "", "file of the MeshNetworks")
	flag.Var(&clusters, "cluster", "NAME=FILE of one of several clusters")
	flag.Parse()

	combined := analyzers.AllCombined()
	if len(clusters) > 0 {
		combined = analyzers.AllMultiClusterCombined()
	}
	analyzer := local.NewSourceAnalyzer(combined, "", "istio-system", nil)
	if *meshConfig != "" {
		check(analyzer.AddFileKubeMeshConfig(*meshConfig))
	}
	if *meshNetworks != "" {
		check(analyzer.AddFileKubeMeshNetworks(*meshNetworks))
	}
	addClusters(analyzer, combined, clusters)
	addFiles(analyzer, flag.Args())
	check(analyzer.AddDefaultResources())
	write(analyzer)
}

func addClusters(analyzer *local.IstiodAnalyzer, combined analysis.CombinedAnalyzer, clusters []string) {
	sources := map[string]*file.KubeSource{}
	for _, given := range clusters {
		name, path, _ := strings.Cut(given, "=")
		if sources[name] == nil {
			sources[name] = file.NewKubeSource(kuberesource.ConvertInputsToSchemas(combined.Metadata().Inputs))
			analyzer.AddSourceForCluster(sources[name], cluster.ID(name))
		}
		content, err := os.ReadFile(path)
		check(err)
		check(sources[name].ApplyContent(path, string(content)))
	}
}

func addFiles(analyzer *local.IstiodAnalyzer, paths []string) {
	var readers []local.ReaderSource
	for _, path := range paths {
		opened, err := os.Open(path)
		check(err)
		readers = append(readers, local.ReaderSource{Name: path, Reader: opened})
	}
	if err := analyzer.AddTestReaderKubeSource(readers); err != nil {
		log.Print(err)
	}
}

func write(analyzer *local.IstiodAnalyzer) {
	result, err := analyzer.Analyze(make(chan struct{}))
	check(err)
	messages := []map[string]any{}
	for _, message := range result.Messages {
		messages = append(messages, message.Unstructured(true))
	}
	check(json.NewEncoder(os.Stdout).Encode(messages))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

package provisioner

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	v1 "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

func TestProvisionedFolderIsWritableByAnyUserAndRemovedWithItsVolume(t *testing.T) {
	f := folders{root: t.TempDir(), node: "lab"}
	reclaim := v1.PersistentVolumeReclaimDelete
	volume, _, err := f.Provision(context.Background(), controller.ProvisionOptions{
		PVName: "pvc-1", StorageClass: &storage.StorageClass{ReclaimPolicy: &reclaim},
		PVC: &v1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "todo-dev", Name: "data"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(f.root, "todo-dev-data-pvc-1")
	if got := volume.Spec.HostPath.Path; got != path {
		t.Errorf("the volume's path is %s, want %s", got, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o777 {
		t.Errorf("the folder's mode is %o; a pod that is not root could not write", info.Mode().Perm())
	}
	if err := f.Delete(context.Background(), volume); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the folder is still there after its volume was deleted: %v", err)
	}
}

func TestDeleteRefusesPathsOutsideItsRoot(t *testing.T) {
	root := t.TempDir()
	outside := t.TempDir()
	f := folders{root: filepath.Join(root, "volumes")}
	for _, path := range []string{outside, root, f.root, f.root + "/..", f.root + "/../other", f.root + "/a/b"} {
		volume := &v1.PersistentVolume{Spec: v1.PersistentVolumeSpec{PersistentVolumeSource: v1.PersistentVolumeSource{
			HostPath: &v1.HostPathVolumeSource{Path: path}}}}
		if err := f.Delete(context.Background(), volume); err == nil {
			t.Errorf("deleting a volume at %s was accepted", path)
		}
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("a folder outside the root was removed: %v", err)
	}
}

import { expect, test } from 'bun:test'
import { dirname, join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

const timeoutMs = 180_000

/** Of each kind that the provider has and this registry keeps, one. */
const resources = `
resource "harbor_project" "a" {
  name          = "terraformed"
  public        = true
  storage_quota = 5
}
resource "harbor_user" "u" {
  username  = "terraformer"
  password  = "Password12345"
  full_name = "Terra Former"
  email     = "terra@example.org"
}
resource "harbor_project_member_user" "m" {
  project_id = harbor_project.a.id
  user_name  = harbor_user.u.username
  role       = "developer"
}
resource "harbor_group" "g" {
  group_name = "terraformers"
  group_type = 3
}
resource "harbor_project_member_group" "m" {
  project_id = harbor_project.a.id
  group_name = harbor_group.g.group_name
  role       = "guest"
  type       = "oidc"
}
resource "harbor_label" "plain" {
  name       = "plain"
  project_id = harbor_project.a.id
}
resource "harbor_label" "red" {
  name  = "red"
  color = "#FF0000"
}
resource "harbor_robot_account" "r" {
  name  = "terraformed"
  level = "system"
  permissions {
    kind      = "system"
    namespace = "/"
    access {
      action   = "create"
      resource = "label"
    }
  }
  permissions {
    kind      = "project"
    namespace = harbor_project.a.name
    access {
      action   = "push"
      resource = "repository"
    }
  }
}
resource "harbor_immutable_tag_rule" "i" {
  project_id    = harbor_project.a.id
  repo_matching = "**"
  tag_excluding = "latest"
}
resource "harbor_retention_policy" "r" {
  scope    = harbor_project.a.id
  schedule = "Daily"
  rule {
    n_days_since_last_pull = 5
    repo_matching          = "**"
    tag_matching           = "latest"
  }
}
resource "harbor_project_webhook" "w" {
  project_id   = harbor_project.a.id
  name         = "terraformed"
  address      = "https://webhook.example.org"
  notify_type  = "http"
  events_types = ["DELETE_ARTIFACT", "PUSH_ARTIFACT"]
}
resource "harbor_garbage_collection" "g" {
  schedule        = "Daily"
  delete_untagged = true
  workers         = 1
}
resource "harbor_purge_audit_log" "p" {
  schedule             = "Daily"
  audit_retention_hour = 24
  include_event_types  = "create_artifact,pull_artifact"
}
resource "harbor_interrogation_services" "s" {
  vulnerability_scan_policy = "Daily"
}
resource "harbor_config_system" "c" {
  project_creation_restriction = "adminonly"
  robot_token_expiration       = 30
}
data "harbor_projects" "all" {
  depends_on = [harbor_project.a]
}
data "harbor_users" "all" {
  depends_on = [harbor_user.u]
}
`

describeClient("Terraform's provider for Harbor", ['terraform', 'terraform-provider-harbor'], (scenario) => {
  test(
    'makes everything, finds it as it made it, and takes it away again',
    async () => {
      const { registry, programs } = scenario()
      await using folder = await createTemporaryFolder()
      const configuration = `
terraform {
  required_providers {
    harbor = {
      source = "goharbor/harbor"
    }
  }
}
provider "harbor" {
  url      = "${registry.url}"
  username = "${registry.username}"
  password = "${registry.password}"
  insecure = true
}
${resources}`
      const overrides = `"goharbor/harbor" = "${dirname(programs['terraform-provider-harbor'])}"`
      await Bun.write(join(folder.path, 'main.tf'), configuration)
      const settings = join(folder.path, 'terraform.rc')
      await Bun.write(settings, `provider_installation {\n  dev_overrides {\n    ${overrides}\n  }\n  direct {}\n}\n`)
      const env = { TF_CLI_CONFIG_FILE: settings, CHECKPOINT_DISABLE: '1', HOME: folder.path }
      const terraform = (...args: string[]) =>
        runCommand([programs.terraform, `-chdir=${folder.path}`, ...args, '-no-color'], { env })
      expect(await terraform('apply', '-auto-approve')).toContain('15 added, 0 changed, 0 destroyed')
      expect(await terraform('plan')).toContain('No changes')
      expect(await terraform('destroy', '-auto-approve')).toContain('15 destroyed')
    },
    timeoutMs,
  )
})
